"""On a GPU nothing mixes devices, and the host waits for it at the places that are named here."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.commands import ROOT
from helpers.own_process import in_own_process
from helpers.pretend_cuda import CUDA, needs_fake_cuda, pretend_cuda
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper

from avtss_mm.datasets import stack_inputs
from avtss_mm.engine import AVRuntimeInfoHook, FiniteLossHook
from avtss_mm.engine.runner import AVRunner

pytestmark = [pytest.mark.slow, needs_fake_cuda]

BATCH = 4
LOG = ('avtss_mm/engine/hooks/runtime_info_hook.py', 'after_train_iter')
IN_TRAINING = {LOG: 1}  # a step
CLIPPED = {**IN_TRAINING, ('mmengine/optim/optimizer/optimizer_wrapper.py', '_clip_grad'): 1}
ACCURACIES = {('mmaction/models/heads/base.py', 'loss_by_feat'): 4}  # top-1 and top-5
IN_EVALUATION = {('avtss_mm/models/recognizers/av_encoder.py', 'add_features'): 2 * BATCH}


def pretraining_configs() -> dict[str, Config]:
    """The configs by name, one for each model."""
    configs = {}
    paths = ROOT.glob('configs/pretrain/*.py')
    for path in sorted(paths, key=lambda path: (len(path.stem), path.stem)):
        cfg = Config.fromfile(path)
        configs.setdefault(str(cfg.model), (path.stem, cfg))
    return dict(configs.values())


CONFIGS = pretraining_configs()


def batch_of(cfg: Config, num_clips: int = 2, with_audio: bool = True, side: int = 112) -> dict:
    """What a data worker returns; some clips have no sound."""
    rng, rows = np.random.default_rng(0), []
    for index in range(BATCH):
        sample = ActionDataSample(metainfo=dict(sample_idx=index, filename=f'{index}.mp4'))
        sample.set_gt_label(torch.tensor([index]))
        for modality in ('video', 'audio'):
            sample.set_field(rng.integers(0, 4, num_clips), f'{modality}_speed')
            sample.set_field(rng.integers(0, 2, num_clips), f'{modality}_direction')
        sample.set_field(int(rng.integers(0, 3)), 'clip_order')
        sample.set_field(np.arange(num_clips) % 2 <= index % 2, 'has_audio')
        imgs = torch.zeros(num_clips, 3, 16, side, side, dtype=torch.uint8)
        inputs = dict(imgs=imgs, audios=torch.zeros(num_clips, 1, 100, 80)) if with_audio else imgs
        rows.append(dict(inputs=inputs, data_samples=sample))
    return stack_inputs(rows)


def on_pretended_gpu(cfg: Config) -> torch.nn.Module:
    """The model as :class:`AVRunner` builds it."""
    return object.__new__(AVRunner).build_model(cfg.model).to('cuda')


def train(cfg: Config, neighbors: bool = False, **batch) -> dict:
    """One training step with the hooks that look at it, in a fork; returns its waits."""
    return in_own_process(train_step)(cfg, neighbors, **batch)


def train_step(cfg: Config, neighbors: bool, **batch) -> dict:
    hub = MessageHub.get_current_instance()
    hub.update_info('epoch', 10**6 if neighbors else 0)
    data = batch_of(cfg, **batch)
    with pretend_cuda() as waits:
        model = on_pretended_gpu(cfg).train()
        for queue in getattr(model, 'queues', {}).values():
            queue._count = queue.length if neighbors else 0
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        runner = SimpleNamespace(iter=0, epoch=0, message_hub=hub, model=model)
        waits.places.clear()  # of building
        outputs = model.train_step(data, wrapper)
        for hook in (AVRuntimeInfoHook(), FiniteLossHook()):
            hook.after_train_iter(runner, 0, data, outputs)
        assert {p.device for p in model.parameters()} == {CUDA}
    return dict(waits.places)


@pytest.mark.parametrize('name', CONFIGS)
def test_pretraining_step(name):
    assert train(CONFIGS[name], neighbors=True) == IN_TRAINING


def test_pretraining_step_before_neighbors():
    assert train(CONFIGS['avtss_r2plus1d_k400']) == IN_TRAINING


def test_fine_tuning_step():
    cfg = Config.fromfile(ROOT / 'configs/finetune/r2plus1d_ucf101_split1.py')
    assert train(cfg, num_clips=1, with_audio=False) == {**CLIPPED, **ACCURACIES}


def test_fine_tuning_step_of_both_modalities():
    cfg = Config.fromfile(ROOT / 'configs/mixed/late_fusion_vggsound.py')
    assert train(cfg, num_clips=1) == CLIPPED


@pytest.mark.parametrize('path', ['pretrain/avtss_r2plus1d_k400', 'linear/avtss_r2plus1d_vggsound'])
def test_validation_and_features(path):
    assert in_own_process(embed)(Config.fromfile(ROOT / f'configs/{path}.py')) == IN_EVALUATION


def embed(cfg: Config) -> dict:
    data = batch_of(cfg, num_clips=3)
    with torch.no_grad(), pretend_cuda() as waits:
        model = on_pretended_gpu(cfg).eval()
        waits.places.clear()
        samples = model.test_step(data)
        assert {s.video_embedding.device for s in samples} == {CUDA}
    return dict(waits.places)
