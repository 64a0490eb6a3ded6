import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.commands import ROOT
from mmengine.config import Config

from avtss_mm.utils.config import apply_cfg_options, read_config


@pytest.fixture
def cfg(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(
        "data_root = 'data/old'\n"
        "train = dict(dataset=dict(data_root=data_root, ann_file='train.json'))\n"
        'datasets = [dict(data_root=data_root), dict(data_root="data/own")]\n'
        'test = dict(dataset=dict(datasets=datasets))\n'
        'lr = 0.1\n'
    )
    return read_config(str(path))


def test_data_root_reaches_the_data_sets(cfg):
    apply_cfg_options(cfg, {'data_root': 'my videos', 'lr': 0.2})
    assert cfg.data_root == cfg.train.dataset.data_root == 'my videos'
    assert [item.data_root for item in cfg.test.dataset.datasets] == ['my videos', 'data/own']
    assert cfg.train.dataset.ann_file == 'train.json'
    assert cfg.lr == 0.2


def test_other_options_leave_the_data_sets(cfg):
    apply_cfg_options(cfg, {'train.dataset.data_root': 'elsewhere'})
    assert cfg.train.dataset.data_root == 'elsewhere'
    assert cfg.data_root == cfg.test.dataset.datasets[0].data_root == 'data/old'
    assert apply_cfg_options(cfg, None) is cfg


def test_config_without_data_root_gets_one():
    cfg = Config(dict(dataset=dict(data_root=None)))
    apply_cfg_options(cfg, {'data_root': 'new'})
    assert cfg.data_root == 'new' and cfg.dataset.data_root is None


def test_missing_config():
    with pytest.raises(FileNotFoundError, match='nothing.py'):
        read_config('nothing.py')


@pytest.fixture
def restless():
    """Each collection of garbage, and there are many, lets another thread go on."""

    def pause(*_):
        time.sleep(1e-5)

    thresholds = gc.get_threshold()
    gc.callbacks.append(pause)
    gc.set_threshold(100)
    yield
    gc.set_threshold(*thresholds)
    gc.callbacks.remove(pause)


def test_threads_read_configs_at_the_same_time(restless):
    paths = [str(ROOT / 'configs/demo/avtss_toy.py')] * 12
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(read_config, paths))) == 12
