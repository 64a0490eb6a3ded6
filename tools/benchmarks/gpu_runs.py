"""Rows of gpu.py about whole trainings and real files; each yields what, value and unit."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import torch
from gpu_rows import FP16, TINY, Lines
from mmaction.registry import DATASETS, HOOKS
from mmengine.device import get_device
from mmengine.hooks import Hook
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import Dataset
from training_step import CONFIGS, PAPER
from training_step_runs import log_mel, make_batch

from avtss_mm.engine.runner import build_runner
from avtss_mm.utils.config import read_config

ROOT = CONFIGS.parent
FIRST, PROFILED = 5, 5
"""Steps before those that are profiled, and their number."""


@DATASETS.register_module()
class NoiseClips(Dataset):
    """Samples of noise, made once: ``length`` times one of a batch of :func:`make_batch`."""

    def __init__(self, length: int, **batch) -> None:
        self.length = length
        self.batch = make_batch(**batch)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        number = index % len(self.batch['data_samples'])
        inputs = {name: column[number] for name, column in self.batch['inputs'].items()}
        return dict(inputs=inputs, data_samples=self.batch['data_samples'][number])


@HOOKS.register_module()
class WaitsHook(Hook):
    """Profile some steps, with everything that happens between them."""

    priority = 'VERY_LOW'  # after the hooks of a step

    def after_train_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Begin, or end and count the calls by name."""
        done = runner.iter + 1
        if done == FIRST:
            self.profiler = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
            self.profiler.start()
        elif done == FIRST + PROFILED:
            self.profiler.stop()
            averages = self.profiler.key_averages()
            runner.calls = Counter({e.key: e.count for e in averages if e.key.startswith('cu')})


def waits(setting) -> Lines:
    """Calls of a step in which the host waits for the card, in a whole training on noise."""
    config, batch = (TINY, 4) if setting.small else (PAPER, 32)
    cfg = read_config(str(config))
    (sampler,) = (s for s in cfg.train_pipeline if s['type'] == 'SampleAVClips')
    side = next(s for s in cfg.crop_and_flip['transforms'] if s['type'] == 'Resize')['scale'][0]
    shapes = dict(batch=batch, clip_len=sampler['clip_len'], side=side, mel=log_mel(cfg))
    cfg.merge_from_dict({**FP16, 'train_cfg.max_epochs': 1, 'work_dir': str(setting.folder)})
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.custom_hooks = [dict(type='WaitsHook')]
    cfg.default_hooks.checkpoint = None
    cfg.train_dataloader.update(batch_size=batch, num_workers=2)
    length = (FIRST + PROFILED) * batch
    cfg.train_dataloader.dataset = dict(type='NoiseClips', length=length, **shapes)
    runner = build_runner(cfg)
    runner.train()
    if not runner.calls:
        raise RuntimeError('the profiler has seen no call of CUDA')
    found = {name: n for name, n in runner.calls.items() if 'Synchronize' in name}
    yield 'waits a step', sum(found.values()) / PROFILED, ''
    for name, number in found.items():
        yield f'of them {name}', number / PROFILED, ''
    launches = sum(number for name, number in runner.calls.items() if 'LaunchKernel' in name)
    yield 'kernels a step', launches / PROFILED, ''


def toy(setting) -> Path:
    """The folder of generated videos, made by the first row that needs it."""
    folder = setting.folder / 'toy'
    if not folder.exists():
        draft = setting.folder / 'draft'  # of a row that was ended in the middle, there is a part
        sizes = ['--num-videos', 16 if setting.small else 32, '--num-test', 8]
        run(ROOT / 'tools/data/make_toy_dataset.py', draft, *sizes, '--overwrite')
        draft.rename(folder)
    return folder


def train(setting, name: str, config: Path, *options: str, flags: tuple = ()) -> Path:
    """Trains by the public command; returns its work dir."""
    work_dir = setting.folder / name
    precision = ['--amp'] if get_device() == 'cuda' else []
    settings = [f'data_root={toy(setting)}', 'default_hooks.logger.interval=1', *options]
    words = [config, '--work-dir', work_dir, '--no-validate', *precision, *flags]
    run(ROOT / 'tools/train.py', *words, '--cfg-options', *settings)
    return work_dir


def run(*words: object) -> None:
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    print(done.stderr, flush=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f'status {done.returncode}'])[-1]
        raise RuntimeError(f'{Path(words[0]).name}: {last}')


def training(setting) -> Lines:
    """``tools/train.py`` with two data workers, on generated videos."""
    batch, config, epochs = (4, TINY, 2) if setting.small else (8, PAPER, 4)
    settings = ['train_dataloader.num_workers=2', f'train_dataloader.batch_size={batch}']
    settings += [f'train_cfg.max_epochs={epochs}', 'log_processor.window_size=1']
    work_dir = train(setting, 'training', config, *settings)
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    steps = [line for line in map(json.loads, path.read_text().splitlines()) if 'loss' in line]
    yield f'steps of {batch} videos', len(steps), ''
    for name in ('time', 'data_time'):
        yield name, 1e3 * statistics.mean(step[name] for step in steps[4:]), 'ms'
    yield 'loss in the first step', steps[0]['loss'], ''
    yield 'loss in the last step', steps[-1]['loss'], ''


def resume(setting) -> Lines:
    """How far a resumed run is off, compared with two equal runs that are not interrupted."""
    options = ('train_cfg.max_epochs=2', 'default_hooks.checkpoint.interval=1')
    first, again = (train(setting, name, TINY, *options) for name in ('first', 'again'))
    flags = ('--resume', str(first / 'epoch_1.pth'))
    resumed = train(setting, 'resumed', TINY, *options, flags=flags)
    for name, other in (('two equal runs', again), ('a run and its resumed half', resumed)):
        far = apart(*(weights(folder / 'epoch_2.pth') for folder in (first, other)))
        yield f'{name}: largest difference of a weight', far or 'none, bit for bit', ''


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, map_location='cpu', weights_only=True)['state_dict']


def apart(mine: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    pairs = ((mine[name].double(), other[name].double()) for name in other)
    return max((a - b).abs().max().item() for a, b in pairs)


def torchcodec(setting) -> Lines:
    """Decoding on the card, if this build of torchcodec does it."""
    try:
        from torchcodec.decoders import VideoDecoder
    except (ImportError, OSError, RuntimeError) as error:
        yield 'torchcodec does not load', str(error).splitlines()[0], ''
        return
    path = str(min((toy(setting) / 'videos').rglob('*.mp4')))
    frames = {}
    for device in ('cpu', 'cuda'):
        VideoDecoder(path, device=device)[0:16]  # what only the first call needs
        begin = time.perf_counter()
        frames[device] = VideoDecoder(path, device=device)[0:16].cpu().float()
        yield f'16 frames, {device}', 1e3 * (time.perf_counter() - begin), 'ms'
    far = (frames['cpu'] - frames['cuda']).abs().mean().item()
    yield 'mean difference of a pixel', far, 'of 255'
