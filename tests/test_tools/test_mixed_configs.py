"""Parts of this package in mmaction2's configs, trained and tested with the public commands."""

import json

import numpy as np
import pytest
import torch
from helpers.commands import NO_WORKERS, ROOT, tool
from helpers.official_layouts import write_esc50
from helpers.small_encoder import write_model
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from avtss_mm.media.manifest import build_manifest, save_manifest
from avtss_mm.utils.config import read_config

pytestmark = pytest.mark.slow

MIXED = ROOT / 'configs/mixed'
ONE_EPOCH = ['train_cfg.max_epochs=1', 'default_hooks.checkpoint.interval=1', *NO_WORKERS]
SMALL = [
    'model.backbone.stage_blocks=(1,1,1,1)',
    'model.backbone.base_channels=4',
    'model.audio_backbone.depth=10',
    'model.audio_backbone.base_channels=4',
]


def read_metrics(work_dir):
    return json.loads((work_dir / 'metrics.json').read_text())['metrics']


@pytest.fixture(scope='module')
def videos(tmp_path_factory, make_video):
    """Eight clips of two classes, some without sound."""
    root = tmp_path_factory.mktemp('videos')
    for i in range(8):
        sound = None if i > 5 else ('tone', 'noise')[i % 2]
        make_video(root / f'{i}.mp4', duration=2, fps=10, size=(64, 80), audio=sound, seed=i)
    rows, _ = build_manifest(root)
    for split in ('train', 'test'):
        save_manifest(
            root / f'{split}.json', [dict(row, label=i % 2) for i, row in enumerate(rows)]
        )
    return root


def test_late_fusion_of_video_and_sound(videos, tmp_path):
    _, checkpoint = write_model(tmp_path / 'model')
    config = MIXED / 'late_fusion_vggsound.py'
    options = [f'data_root={videos}', 'model.num_classes=2', *SMALL, *ONE_EPOCH]
    options += ['model.in_channels.video=32', 'model.in_channels.audio=32']
    options += ['train_dataloader.batch_size=4', f'load_from={checkpoint}']
    log = tool('train.py', config, '--work-dir', tmp_path, '--cfg-options', *options).stdout
    assert 'audio_backbone' in log and 'classifiers 0 of 4' in log  # the report of the load
    tuned = tmp_path / 'epoch_1.pth'
    tool('test.py', config, tuned, '--work-dir', tmp_path, '--cfg-options', *options)
    metrics = read_metrics(tmp_path)
    assert 0 <= metrics['acc/top1'] <= 1 and metrics['acc/chance'] == 0.5
    before = torch.load(checkpoint, weights_only=True)['state_dict']
    after = torch.load(tuned, weights_only=True)['state_dict']
    for encoder in ('backbone', 'audio_backbone'):
        assert not after[f'{encoder}.stem.0.weight'].equal(before[f'{encoder}.stem.0.weight'])


def test_our_sound_in_the_audio_recognizer(tmp_path):
    root = tmp_path / 'esc50'
    write_esc50(root)
    tool('data/prepare_esc50.py', root, '--workers', 1)
    config = MIXED / 'audio_recognizer_esc50_fold1.py'
    options = [f'data_root={root}', 'model.cls_head.num_classes=2', *ONE_EPOCH]
    options += ['train_dataloader.batch_size=8', 'train_cfg.max_epochs=12']
    options += ['optim_wrapper.optimizer.lr=0.005']  # gentle: five of five seeds learn it
    tool('train.py', config, '--work-dir', tmp_path, '--seed', 0, '--cfg-options', *options)
    checkpoint = tmp_path / 'epoch_12.pth'
    tool('test.py', config, checkpoint, '--work-dir', tmp_path, '--cfg-options', *options)
    assert read_metrics(tmp_path)['acc/top1'] == 1  # tones against noise


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    """Both encoders in full size, exported from one checkpoint."""
    folder = tmp_path_factory.mktemp('exported')
    init_default_scope('mmaction')
    cfg = read_config(str(ROOT / 'configs/retrieval/avtss_r2plus1d_vggsound.py'))
    checkpoint = folder / 'epoch_200.pth'
    model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)), checkpoint)
    for encoder in ('video', 'audio'):
        out = folder / f'{encoder}.pth'
        tool('export_backbone.py', checkpoint, '--to', 'mmaction', '--encoder', encoder, '-o', out)
    return folder


def train_stock(config, work_dir, *options):
    return tool(
        'train.py', MIXED / config, '--work-dir', work_dir, '--no-validate',
        '--cfg-options', *ONE_EPOCH[:2], *NO_WORKERS[:2], *options,
    ).stdout  # fmt: skip


def test_stock_audio_config_with_our_weights(exported, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(4):
        np.save(tmp_path / f'{i}.npy', rng.normal(size=(100, 80)).astype('f'))
    (tmp_path / 'list.txt').write_text(''.join(f'{i}.npy 100 {i % 2}\n' for i in range(4)))
    log = train_stock(
        'stock_tsn_r18_audio.py', tmp_path, f'train_dataloader.dataset.data_root={tmp_path}',
        f'train_dataloader.dataset.ann_file={tmp_path / "list.txt"}',
        'train_dataloader.dataset.data_prefix.audio=', 'train_dataloader.batch_size=2',
        f'model.backbone.init_cfg.checkpoint={exported / "audio.pth"}',
        'optim_wrapper.optimizer.lr=0',
    )  # fmt: skip
    assert 'loaded 100 of 100 tensors of ResNet' in log
    weights = torch.load(exported / 'audio.pth', weights_only=True)['state_dict']
    trained = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    assert trained['backbone.conv1.conv.weight'].equal(weights['backbone.conv1.conv.weight'])


def test_stock_video_config_with_our_encoder(exported, videos, tmp_path):
    (tmp_path / 'list.txt').write_text(''.join(f'{i}.mp4 {i % 2}\n' for i in range(2)))
    log = train_stock(
        'stock_r2plus1d.py', tmp_path, f'train_dataloader.dataset.ann_file={tmp_path / "list.txt"}',
        f'train_dataloader.dataset.data_prefix.video={videos}', 'train_dataloader.batch_size=2',
        'train_dataloader.dataset.pipeline.5.scale=(64,64)',
        f'model.backbone.init_cfg.checkpoint={exported / "video.pth"}',
        'optim_wrapper.optimizer.lr=0',
    )  # fmt: skip
    assert 'tensors of R2Plus1D' in log
    weights = torch.load(exported / 'video.pth', weights_only=True)['state_dict']
    trained = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    assert trained['backbone.stem.0.weight'].equal(weights['backbone.stem.0.weight'])
    assert trained['cls_head.fc_cls.weight'].shape == (400, 512)
