"""A typing mistake gives one line that says what is wrong, and no traceback."""

import pytest
import torch
from helpers.commands import ROOT, tool

pytestmark = pytest.mark.slow

TOY = str(ROOT / 'configs/demo/avtss_toy.py')
FOLDER = str(ROOT / 'configs/demo/avtss_folder.py')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / '2021').mkdir()
    (tmp_path / 'a,b').mkdir()
    (tmp_path / 'broken.py').write_text('model = dict(\n')
    (tmp_path / 'file').touch()
    torch.save(dict(state_dict={}), 'weights.pth')
    (tmp_path / 'wrong.py').write_text(f'_base_ = {TOY!r}\nmodel = dict(backbone=dict(depht=7))\n')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('train.py', TOY, '--cfg-options', 'data_root=2021'), 'videos 2021/train.json does not'),
        (('train.py', TOY, '--cfg-options', 'data_root=a,b'), 'videos a,b/train.json does not'),
        (('train.py', TOY, '--cfg-options', 'model.type=Nothing'), 'Nothing is not in the'),
        (('train.py', TOY, '--work-dir', 'file'), 'file: File exists'),
        (('train.py', TOY, '--cfg-options', 'modle.type=x'), 'no modle; the nearest is model'),
        (('train.py', TOY, '--cfg-options', 'train_pipeline=3'), 'dataset.pipeline; set that'),
        (('train.py', TOY, '--cfg-options', 'model.neck=5'), 'model.neck=5: expected dict'),
        (('train.py', TOY, '--cfg-options', 'model.backbone.depht=7'), 'model.backbone (type='),
        (('train.py', TOY, '--cfg-options', 'val_cfg=None'), 'the config: val_dataloader'),
        (('train.py', TOY, '--cfg-options', 'log_level=abc'), 'abc'),
        (
            ('export_backbone.py', 'file', '--to', 'mmaction'),
            'file: cannot be read as a',
        ),
        (
            ('export_backbone.py', 'weights.pth', '--to', 'mmaction', '--config', 'wrong.py'),
            'backbone (type=',
        ),
        (
            (
                'extract_features.py',
                TOY,
                'random',
                '2021',
                '-o=x.npz',
                '--cfg-options',
                'model.audio_backbone.depth=7',
            ),
            'depth must be one of [10, 18], got 7',
        ),
        (('browse_dataset.py', TOY, '--cfg-options', 'train_dataloader.dataset.sed=7'), 'is seed'),
        (('train.py', '2021'), '2021 is no config'),
        (('train.py', 'broken.py'), 'broken.py'),
        (('train.py', 'nopackage::demo/x.py'), 'nopackage::demo/x.py'),
        (('test.py', TOY, '2021'), '2021: no such checkpoint'),
        (('export_backbone.py', 'weights.pth', '--to=mmaction', '-o=2021', '--config', TOY), ''),
        (('export_backbone.py', 'weights.pth', '--to=mmaction', '--config', 'x.py'), 'x.py: No'),
        (('extract_features.py', 'broken.py', 'random', '2021', '-o=x.npz'), 'broken.py'),
        (('extract_features.py', TOY, 'random', '2021', '-o=x.npz', '--device=gpu9'), 'gpu9'),
        (('browse_dataset.py', FOLDER, '--mode', 'test'), 'has no test_dataloader'),
        (('import_weights.py', 'weights.pth', '-o=x/y.pth'), 'weights.pth'),
    ],
)
def test_one_line(folder, words, message):
    result = tool(*words, check=False)
    assert result.returncode == 1 and 'Traceback' not in result.stderr, result.stderr
    (line,) = [text for text in result.stderr.splitlines() if text.startswith('error: ')]
    assert message in line


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('train_dataloader.batch_size=0', 'batch_size of a data loader is 0'),
        ('train_dataloader.num_workers=-1', 'num_workers of a data loader is -1'),
        ('train_dataloader.dataset.ann_file=empty.json', 'no videos of'),
    ],
)
def test_a_loader_that_cannot_be(folder, tmp_path, make_video, option, message):
    make_video(tmp_path / '2021/a.mp4', duration=1, size=(32, 48))
    (tmp_path / '2021/empty.json').write_text('{"metainfo": {}, "data_list": []}')
    (tmp_path / '2021/train.txt').write_text('a.mp4 0')
    options = ('data_root=2021', 'train_dataloader.dataset.ann_file=train.txt', option)
    result = tool('train.py', FOLDER, '--cfg-options', *options, check=False)
    assert result.returncode == 1 and 'Traceback' not in result.stderr, result.stderr
    assert f'error: {message}' in result.stderr


def test_no_process(folder):
    result = tool('data/build_manifest.py', '2021', '--workers', 0, check=False)
    assert result.returncode == 2 and 'must be at least 1' in result.stderr


@pytest.mark.parametrize('seed', ['-1', '4294967296', 'one'])
def test_a_seed_that_is_none(folder, seed):
    result = tool('train.py', TOY, '--seed', seed, check=False)
    assert result.returncode == 2 and 'argument --seed' in result.stderr
