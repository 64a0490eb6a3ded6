"""Every config is built at full size, and trained for one step with small networks."""

import math
import re
from pathlib import Path

import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

import avtss_mm  # noqa: F401
from avtss_mm.apis import load_encoder
from avtss_mm.media.manifest import build_manifest, save_manifest
from avtss_mm.utils.config import apply_cfg_options

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(p for p in ROOT.rglob('*.py') if not {'_base_', 'study'} & {*p.parts})
PRETRAIN = [
    p for p in CONFIGS if p.parent.name in ('pretrain', 'demo') and p.stem.startswith('avtss_')
]
SPLIT = re.compile(r'_((?:split|fold)\d)')
NUM_PRETEXT = dict(v2a_only=0, no_temporal=0, no_order=4, no_cross_order=6)
PEERS = [p for p in CONFIGS if p.parent.name in ('peers', 'ablations')]
CONTRASTIVE = {'v2v', 'v2a', 'a2v'}
UNARY = {'speed_v', 'speed_a', 'direction_v', 'direction_a'}
TASKS = UNARY | {'order_vv', 'order_aa', 'order_va'}
LOSSES = dict(  # those of other peers and ablations are the method's
    supervised_toy={'video', 'audio'},
    simclr_toy={'v2v'},
    nnclr_toy={'v2v'},
    time_equivariant_toy={'v2v', 'order_vv'},
    avid_toy={'v2a', 'a2v'},
    avid_cma_toy={'v2a', 'a2v'},
    temporal_toy=TASKS,
    av_contrastive_toy=CONTRASTIVE,
    avtss_toy_v2a_only={'v2a', 'a2v'},
    avtss_toy_no_neighbors_no_temporal=CONTRASTIVE,
    avtss_toy_no_neighbor_negatives_no_temporal=CONTRASTIVE,
    avtss_toy_no_temporal=CONTRASTIVE,
    avtss_toy_no_order=CONTRASTIVE | UNARY,
    avtss_toy_no_cross_order=CONTRASTIVE | TASKS - {'order_va'},
    avtss_toy_a2a=CONTRASTIVE | TASKS | {'a2a'},
)
CHANGED_STEP = dict(
    avtss_toy_audio_resample_speed=['MelSpectrogram'],
    avtss_toy_shared_speed=['SampleAVClips'],
)


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
    for file in ('train.json', 'test.json', 'manifest.json'):
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


def small(path, videos, channels=32):
    """Shrinks the networks of a config to a few thousand weights."""
    cfg = apply_cfg_options(Config.fromfile(path), dict(data_root=str(videos)))
    model = cfg.model
    model.backbone.update(stage_blocks=(1, 1, 1, 1), base_channels=4)
    if model.audio_backbone:
        model.audio_backbone.update(depth=10, base_channels=4)
    for neck in filter(None, (model.get('neck'), model.get('audio_neck'))):
        neck.update(in_channels=channels, hidden_channels=16, out_channels=8)
    for head in filter(None, (model.get('pretext_heads') or {}).values()):
        order = head.type == 'ClipOrderHead'
        head.in_channels = (channels, channels) if order else channels
    if model.get('queue'):
        model.queue.update(feat_dim=8)
    if model.type == 'LateFusionRecognizer':
        model.in_channels = dict(video=channels, audio=channels)
    return cfg


def small_runner(path, cfg, tmp_path):
    cfg.train_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    cfg.train_cfg.max_epochs = 1
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = path.stem + '_test'
    return Runner.from_cfg(cfg)


def weights(model):
    return {k: p.detach().clone() for k, p in model.named_parameters()}


def moved_since(before, model):
    return {k for k, p in model.named_parameters() if not p.equal(before[k])}


@pytest.mark.parametrize('path', PRETRAIN, ids=name)
def test_fits_for_one_step(path, videos, tmp_path):
    cfg = small(path, videos)
    cfg.model.queue.length = 4096 if path.parent.name == 'pretrain' else 160
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    runner = small_runner(path, cfg, tmp_path)
    before = weights(runner.model)
    runner.train()

    assert runner.iter == 1
    moved = moved_since(before, runner.model)
    assert any(k.startswith('backbone.') for k in moved)
    assert any(k.startswith('audio_backbone.') for k in moved)
    logged = {k.split('/')[1] for k in runner.message_hub.log_scalars}
    ablation = path.stem.partition('k400_')[2]
    tasks = [k for k in logged if k.startswith('loss_') and k[5:] not in ('v2v', 'v2a', 'a2v')]
    assert len(tasks) == NUM_PRETEXT.get(ablation, 7)
    assert ('loss_v2v' in logged) == (ablation not in ('no_v2v', 'v2a_only'))
    assert math.isfinite(runner.message_hub.get_scalar('train/loss').current())
    assert runner.message_hub.get_scalar('train/audio_share').current() == 0.75
    assert (tmp_path / 'curves.png').stat().st_size > 10_000


@pytest.fixture(scope='module')
def read_batch():
    """Read four training samples; configs with equal pipelines share them."""
    read = {}

    def batch(dataset):
        key = str(dataset)
        if key not in read:
            rows = DATASETS.build(dataset)
            read[key] = pseudo_collate([rows[i] for i in range(4)])
        return read[key]

    return batch


@pytest.mark.parametrize('path', PEERS, ids=name)
def test_peer_or_ablation_fits_with_neighbours(path, videos, read_batch):
    cfg = small(path, videos)
    init_default_scope(cfg.default_scope)
    head = cfg.model.get('contrastive_head')
    num_negatives = head.num_negatives if head else 0
    if head:  # neighbours join when the queue has filled: in the third step
        cfg.model.queue.length = 8
        head.update(positive_ranks=(1, 2), negative_ranks=(3, 6), neighbor_start_epoch=0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    before = weights(model)
    batch = read_batch(cfg.train_dataloader.dataset)
    for _ in range(3):
        logged = model.train_step(batch, optim_wrapper)

    assert moved_since(before, model) == set(before)  # nothing is carried along unused
    losses = {k.partition('loss_')[2]: v.item() for k, v in logged.items() if 'loss_' in k}
    assert set(losses) == LOSSES.get(path.stem, CONTRASTIVE | TASKS)
    assert all(map(math.isfinite, losses.values()))
    if head:
        assert logged['chance_nce'].exp().item() == pytest.approx(4 + num_negatives)


@pytest.mark.parametrize('path', PEERS, ids=name)
def test_peer_or_ablation_changes_nothing_else(path):
    cfg, demo = Config.fromfile(path), Config.fromfile(ROOT / 'demo/avtss_toy.py')
    for key in ('optim_wrapper', 'param_scheduler', 'train_cfg', 'test_dataloader', 'randomness'):
        assert cfg[key] == demo[key], key
    steps = zip(*(c.train_dataloader.dataset.pop('pipeline') for c in (cfg, demo)))
    assert cfg.train_dataloader == demo.train_dataloader
    changed = [new.type for new, old in steps if new != old]
    assert changed == CHANGED_STEP.get(path.stem, [])


@pytest.mark.parametrize('path', sorted((ROOT / 'failures').glob('*.py')), ids=name)
def test_failure_is_fed_as_the_demo_is(path, videos, read_batch):
    known = Config.fromfile(ROOT / 'demo/avtss_toy.py').train_dataloader.dataset.pipeline
    data = small(path, videos).train_dataloader.dataset
    added = [step.type for step in data.pipeline if step not in known]
    assert added == ['AudioAmplify'] * (path.stem == 'avtss_toy_silence_as_sound')
    init_default_scope('mmaction')
    read_batch(data)


@pytest.mark.parametrize('peer', ['simclr_toy', 'temporal_toy', 'supervised_toy'])
def test_peer_without_all_parts_is_monitored_and_loaded(peer, videos, tmp_path):
    path = ROOT / f'peers/{peer}.py'
    cfg = small(path, videos)
    cfg.val_dataloader.update(batch_size=4, num_workers=0, persistent_workers=False)
    for part in ('gallery', 'query'):
        cfg.val_dataloader.dataset[part].max_per_class = 1
    cfg.train_cfg.val_interval = 1
    runner = small_runner(path, cfg, tmp_path)
    runner.train()
    figures = {k for k in runner.message_hub.log_scalars if k.startswith('val/')}
    figure = 'video' if peer == 'simclr_toy' else 'joint'
    assert f'val/knn/{figure}_top1' in figures
    encoder, _ = load_encoder(str(tmp_path / 'epoch_1.pth'), device='cpu')
    assert (encoder.audio_backbone is None) == (peer == 'simclr_toy')
    assert (encoder.neck is None) == (peer != 'simclr_toy')
    trained = runner.model.state_dict()
    assert all(v.equal(trained[k]) for k, v in encoder.state_dict().items())


@pytest.mark.parametrize('study', sorted((ROOT / 'study').glob('*.py')), ids=name)
def test_study_names_configs_that_exist(study):
    for variant in Config.fromfile(study).variants.values():
        path = variant if isinstance(variant, str) else variant.get('config')
        assert path is None or (study.parent / path).resolve() in CONFIGS
