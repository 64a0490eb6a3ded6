"""Every config is built at full size and, with its networks shrunk, fitted for one step."""

import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import avtss_mm  # noqa: F401
from avtss_mm.media.manifest import build_manifest, save_manifest
from avtss_mm.utils.config import apply_cfg_options

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(p for p in ROOT.rglob('*.py') if '_base_' not in p.parts)
PRETRAIN = [
    p for p in CONFIGS if p.parent.name in ('pretrain', 'demo') and p.stem.startswith('avtss_')
]
SPLIT = re.compile(r'_((?:split|fold)\d)')
NUM_PRETEXT = dict(v2a_only=0, no_temporal=0, no_order=4, no_cross_order=6)


def name(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope='module')
def videos(tmp_path_factory, make_video):
    root = tmp_path_factory.mktemp('videos')
    for i in range(4):
        audio = None if i == 3 else 'noise'
        make_video(
            root / 'train' / f'{i}.mp4', duration=9, fps=10, size=(64, 80), audio=audio, seed=i
        )
    rows, _ = build_manifest(root, workers=1)
    rows = [dict(row, label=i % 2) for i, row in enumerate(rows)]
    for file in ('train.json', 'manifest.json'):
        save_manifest(root / file, rows)
    return root


@pytest.mark.parametrize('path', CONFIGS, ids=name)
def test_builds_at_full_size(path):
    cfg = Config.fromfile(path)
    init_default_scope(cfg.default_scope)
    with torch.device('meta'):  # shapes without numbers: fast
        model = MODELS.build(cfg.model)
    if path.parent.name == 'pretrain':
        video = sum(p.numel() for p in model.backbone.parameters())
        assert video == pytest.approx(31.3e6, rel=0.01)  # torchvision's r2plus1d_18 without fc
        assert model.queues['video'].features.shape == (65536, 128)
    assert cfg.custom_imports.imports == ['avtss_mm']


@pytest.mark.parametrize('path', [p for p in CONFIGS if SPLIT.search(p.stem)], ids=name)
def test_reads_the_split_that_it_names(path):
    cfg = Config.fromfile(path)
    split = SPLIT.search(path.stem)[1]
    test = cfg.test_dataloader.dataset
    if 'gallery' in test:
        files = [test.gallery.ann_file, test.query.ann_file]
    else:
        files = [cfg.train_dataloader.dataset.ann_file, test.ann_file]
        assert cfg.train_dataloader.dataset.data_root == test.data_root
        assert cfg.val_dataloader is None  # no epoch is chosen on the test split
    assert files == [f'train_{split}.json', f'test_{split}.json']
    data = next(d for d in ('ucf101', 'hmdb51', 'esc50') if d in path.stem)
    assert test.data_root == cfg.data_root == f'data/{data}'
    if 'cls_head' in cfg.model:
        classes = dict(ucf101=101, hmdb51=51, esc50=50)[data]
        assert cfg.model.cls_head.num_classes == classes


@pytest.mark.parametrize('path', PRETRAIN, ids=name)
def test_fits_for_one_step(path, videos, tmp_path):
    cfg = apply_cfg_options(Config.fromfile(path), dict(data_root=str(videos)))
    channels = 32
    cfg.model.backbone.update(stage_blocks=(1, 1, 1, 1), base_channels=4)
    cfg.model.audio_backbone.update(depth=10, base_channels=4)
    for neck in (cfg.model.neck, cfg.model.audio_neck):
        neck.update(in_channels=channels, hidden_channels=16, out_channels=8)
    for head in (cfg.model.pretext_heads or {}).values():
        if head:
            order = head.type == 'ClipOrderHead'
            head.in_channels = (channels, channels) if order else channels
    cfg.model.queue.update(length=4096 if path.parent.name == 'pretrain' else 160, feat_dim=8)
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.train_cfg.max_epochs = 1
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = path.stem + '_test'
    runner = Runner.from_cfg(cfg)
    before = {k: p.detach().clone() for k, p in runner.model.named_parameters()}
    runner.train()

    assert runner.iter == 1
    moved = {k for k, p in runner.model.named_parameters() if not p.equal(before[k])}
    assert any(k.startswith('backbone.') for k in moved)
    assert any(k.startswith('audio_backbone.') for k in moved)
    logged = {k.split('/')[1] for k in runner.message_hub.log_scalars}
    ablation = path.stem.partition('k400_')[2]
    tasks = [k for k in logged if k.startswith('loss_') and k[5:] not in ('v2v', 'v2a', 'a2v')]
    assert len(tasks) == NUM_PRETEXT.get(ablation, 7)
    assert ('loss_v2v' in logged) == (ablation not in ('no_v2v', 'v2a_only'))
    loss = runner.message_hub.get_scalar('train/loss').current()
    assert torch.isfinite(torch.tensor(loss))
    assert runner.message_hub.get_scalar('train/audio_share').current() == 0.75
    assert (tmp_path / 'curves.png').stat().st_size > 10_000
