"""Steps of training and their parts, timed by training_step.py."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import torch
from measuring import apart, compare
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch.nn.functional import normalize

from avtss_mm.engine import FiniteLossHook
from avtss_mm.engine.memory import keep_freed_memory
from avtss_mm.utils.config import read_config

BASE = 'encoders'
KEEP = {'given back to the system': False, 'kept': True}  # what becomes of freed memory


class Step:
    """A model in training mode with a full queue, and a batch like one from the loader.

    Args:
        config: Path of a pre-training config.
        batch: Number of videos.
        channels_last: Whether the video network uses the channels-last layout.
        compiled: Whether the model is compiled with ``torch.compile``.
        changes: Other settings of the config by their dotted names.
    """

    def __init__(
        self,
        config: Path,
        batch: int,
        channels_last: bool = False,
        compiled: bool = False,
        changes: dict | None = None,
    ) -> None:
        torch.manual_seed(0)
        init_default_scope('mmaction')
        cfg: Config = read_config(str(config))
        cfg.merge_from_dict(changes or {})
        cfg.model.channels_last = channels_last
        cfg.model.contrastive_head.neighbor_start_epoch = 0
        self.model = MODELS.build(cfg.model).to(get_device()).train()
        self.optimizer = build_optim_wrapper(self.model, cfg.optim_wrapper)
        for queue in self.model.queues.values():
            features = torch.randn(queue.length, queue.features.shape[1], device=get_device())
            ids = torch.arange(queue.length, device=get_device()) + batch
            queue.enqueue(normalize(features, dim=1), ids)
        (sampler,) = (s for s in cfg.train_pipeline if s['type'] == 'SampleAVClips')
        side = next(s for s in cfg.crop_and_flip['transforms'] if s['type'] == 'Resize')['scale'][0]
        self.data = make_batch(batch, sampler['clip_len'], side, log_mel(cfg))
        self.hook, self.runner = FiniteLossHook(), SimpleNamespace(iter=0, epoch=0)
        if compiled:
            self.model.compile(dynamic=False)  # torch 2.14 fails to sort strides otherwise

    def prepare(self) -> dict:
        """Returns the batch on the device, preprocessed for the networks."""
        return self.model.data_preprocessor(self.data, training=True)

    def whole(self) -> None:
        losses = self.model.train_step(self.data, self.optimizer)
        self.hook.after_train_iter(self.runner, 0, self.data, losses)
        finish()

    def encode(self, inputs: dict | None = None) -> None:
        with self.optimizer.optim_context(self.model):
            features = self.model.extract_feat(inputs or self.prepare()['inputs'])
        sum(h.float().pow(2).mean() for h in features.values()).backward()
        self.model.zero_grad()
        finish()


def log_mel(cfg: Config) -> tuple[int, int]:
    (step,) = (s for s in cfg.train_pipeline if s['type'] == 'MelSpectrogram')
    return step['num_columns'], step['num_mels']


def make_batch(batch: int, clip_len: int, side: int, mel: tuple[int, int]) -> dict:
    """Makes a batch of noise like one from the pipeline."""
    rng = np.random.default_rng(0)
    samples, inputs = [], dict(imgs=[], audios=[])
    for number in range(batch):
        sample = ActionDataSample(metainfo=dict(sample_idx=number, filename=f'{number}.mp4'))
        for modality in ('video', 'audio'):
            sample.set_field(rng.integers(0, 4, 2), f'{modality}_speed')
            sample.set_field(rng.integers(0, 2, 2), f'{modality}_direction')
        sample.set_field(int(rng.integers(0, 3)), 'clip_order')
        sample.set_field(np.ones(2, bool), 'has_audio')
        samples.append(sample)
        images = rng.integers(0, 256, (2, 3, clip_len, side, side), np.uint8)
        inputs['imgs'].append(torch.from_numpy(images))
        inputs['audios'].append(torch.randn(2, 1, *mel))
    return dict(inputs=inputs, data_samples=samples)


def finish() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def variants(config: Path, batch: int, compiled: bool) -> dict[str, Callable]:
    """The step in each layout and, if asked for, compiled."""
    plain, other = (Step(config, batch, channels_last) for channels_last in (False, True))
    runs = {
        BASE: plain.encode,
        'whole step': plain.whole,
        'encoders, channels-last': other.encode,
        'whole step, channels-last': other.whole,
    }
    if compiled:
        runs['whole step, channels-last, compiled'] = Step(config, batch, True, compiled=True).whole
    return runs


def parts(config: Path, batch: int) -> dict[str, Callable]:
    """The parts of the step."""
    step = Step(config, batch)
    data = step.prepare()
    with torch.no_grad():
        features = step.model.extract_feat(data['inputs'])
        video, audio = (z.flatten(0, 1) for z in step.model.project(features).values())
    leaves = {name: h.detach().requires_grad_() for name, h in features.items()}
    ids, most = torch.arange(batch).repeat_interleave(2), step.model.contrastive_head.largest_rank
    ids = ids.to(video.device)

    def heads() -> None:
        with patch.object(step.model, 'extract_feat', return_value=leaves):
            loss, _ = step.model.parse_losses(step.model.loss(**data))
        loss.backward()
        finish()

    def search() -> None:
        for queue, queries in zip(step.model.queues.values(), (video, audio)):
            queue.nearest(queries, ids, most)
        finish()

    def update() -> None:
        step.optimizer.optimizer.step()
        finish()

    def look() -> None:
        step.hook.after_train_iter(step.runner, 0, step.data, dict(loss=video.sum()))

    return {
        BASE: lambda: step.encode(data['inputs']),
        'normalisation of the batch': step.prepare,
        'projections, heads, losses and queue': heads,
        'of it: neighbour search in both queues': search,
        'optimizer': update,
        'hook that looks at the loss': look,
    }


def once(config: Path, batch: int, threads: int, keep: bool) -> None:
    torch.set_num_threads(threads)
    if keep:
        keep_freed_memory()
    Step(config, batch).whole()


def allocator(config: Path, batch: int, threads: int, repeat: int) -> list[dict]:
    """Compares glibc's default with the setting of tools/train.py; their processes take turns."""
    seconds, used = ({name: [] for name in KEEP} for _ in range(2))
    for _ in range(repeat):
        for name, keep in KEEP.items():
            mine, peak = apart(later_steps, config, batch, threads, keep)
            seconds[name].append(mine)
            used[name].append(peak)
    rows = compare(seconds, 'given back to the system')
    return [{**row, 'peak MB': statistics.median(used[row['run']])} for row in rows]


def later_steps(config: Path, batch: int, threads: int, keep: bool) -> float:
    """Mean seconds of three steps after two for warm-up."""
    torch.set_num_threads(threads)
    if keep:
        keep_freed_memory()
    step = Step(config, batch, channels_last=True)
    for _ in range(2):
        step.whole()
    begin = time.perf_counter()
    for _ in range(3):
        step.whole()
    return (time.perf_counter() - begin) / 3
