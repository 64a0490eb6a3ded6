import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.commands import ROOT
from mmengine.config import Config

from avtss_mm.errors import UsageError
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


def test_a_step_is_named_by_its_type():
    cfg = read_config(str(ROOT / 'configs/demo/avtss_toy.py'))
    steps = cfg.train_dataloader.dataset.pipeline
    pipeline = 'train_dataloader.dataset.pipeline'
    options = {
        f'{pipeline}.SampleAVClips.speeds': (1, 2),
        f'{pipeline}.PhotometricJitter.per_frame': False,
        f'{pipeline}.3.transforms.Resize.scale': (8, 8),
        f'{pipeline}.3.transforms.2.flip_ratio': 0.25,
        'param_scheduler.LinearLR.end': 3,
        'feature_pipeline.mmaction.num_clips': 1,
    }
    with pytest.raises(UsageError, match='mmaction is none of 0 AVInit, 1 UniformSampleAVClips'):
        apply_cfg_options(cfg, options)
    options.popitem()
    apply_cfg_options(cfg, options)
    steps = cfg.train_dataloader.dataset.pipeline
    assert steps[1].speeds == (1, 2) and steps[4].transforms[0].per_frame is False
    assert steps[3].transforms[1].scale == (8, 8) and steps[3].transforms[2].flip_ratio == 0.25
    assert cfg.param_scheduler[0].end == 3


@pytest.mark.parametrize(
    'name, message',
    [
        ('steps.B.x', 'steps.B.x: B is several of 0 A, 1 Chosen, 1.transforms.0.0 B, 2 B, 3$'),
        ('steps.C.x', 'C is none of 0 A'),
        ('steps.4.x', '4 is none of'),
        ('empty.A.x', 'an empty list'),
    ],
)
def test_names_of_no_step_or_of_several(name, message):
    branches = dict(type='scope.Chosen', transforms=[[dict(type='B')]])
    cfg = Config(dict(steps=[dict(type='A'), branches, dict(type='B'), 7], empty=[]))
    with pytest.raises(UsageError, match=message):
        apply_cfg_options(cfg, {name: 1})
    apply_cfg_options(cfg, {'steps.Chosen.x': 1, 'steps.2.y': 2})
    assert cfg.steps[1].x == 1 and cfg.steps[2].y == 2


def test_missing_config():
    with pytest.raises(FileNotFoundError, match='nothing.py'):
        read_config('nothing.py')


@pytest.fixture
def restless():
    """Makes many garbage collections, each of which lets another thread continue."""

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
