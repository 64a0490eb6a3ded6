#!/usr/bin/env python
"""Show on one screen what is installed, what works, and what to do otherwise.

    python tools/check_env.py

Writes a small video with sound and passes it through decoders, log-mel and one training step. The
exit status is 1 if something necessary fails.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
MMCV = ('mmcv', 'mmcv-lite')
SHOWN = ('torch', 'torchvision', 'torchaudio', 'mmengine', 'mmaction2', 'numpy', 'av')
INSTALL = "run 'make install', or: pip install -e .[lite]"


class Missing(Exception):
    """Something is missing; the text says what to do."""


def python() -> str:
    if not (3, 10) <= sys.version_info[:2] < (3, 15):
        raise Missing(f'{platform.python_version()}: use 3.10 - 3.14')
    return f'{platform.python_version()} on {platform.system()} {platform.machine()}'


def packages() -> str:
    from packaging.requirements import Requirement

    needs = requires('avtss-mm') if is_installed('avtss-mm') else ['avtss-mm']
    for need in map(Requirement, needs):
        if need.marker and not need.marker.evaluate({'extra': ''}):
            continue
        try:
            found = version(need.name)
        except PackageNotFoundError:
            raise Missing(f'{need.name} is not installed: {INSTALL}') from None
        if not need.specifier.contains(found, prereleases=True):
            raise Missing(f"{need.name} is {found}: pip install '{need.name}{need.specifier}'")
    return ', '.join(f'{name} {version(name)}' for name in SHOWN)


def mmcv() -> str:
    found = [name for name in MMCV if is_installed(name)]
    if len(found) != 1:
        state = 'both are installed, in one folder' if found else 'not installed'
        raise Missing(f"{state}: keep one, e.g. pip install 'mmcv-lite>=2.0.1,<2.2'")
    return f'{found[0]} {version(found[0])}'


def is_installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def plugin() -> str:
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    import avtss_mm

    init_default_scope('mmaction')
    MMLogger.get_instance('check_env', log_level='ERROR')
    return f'avtss_mm {avtss_mm.__version__} in {Path(avtss_mm.__file__).parent}'


def torchcodec() -> str:
    try:
        import torchcodec

        ffmpeg = torchcodec.ffmpeg_major_version  # None: no libraries found
    except ImportError:
        raise Missing('not installed; another decoder: pip install torchcodec') from None
    except (OSError, RuntimeError):
        ffmpeg = None
    if ffmpeg is None:
        raise Missing('does not load: apt install ffmpeg; its version must fit torch')
    return f'{version("torchcodec")} with FFmpeg {ffmpeg}'


def write_sample(folder: Path) -> Path:
    """Write a video of two seconds with sound."""
    import numpy as np

    from avtss_mm.media import write_video

    frames = (np.full((96, 128, 3), 4 * index, np.uint8) for index in range(50))
    sound = np.sin(np.arange(32000) * 0.2).astype(np.float32)
    write_video(folder / 'sample.mp4', frames, fps=25, audio=sound, sample_rate=16000)
    return folder / 'sample.mp4'


def decode(path: Path, backend: str) -> str:
    import numpy as np

    from avtss_mm.media import open_media

    with open_media(path, backend) as reader:
        clips = reader.read([np.array([0.2, 1.0])], [(0.5, 1.5)], 16000)
    dark, bright = (frame.mean() for frame in clips.frames[0])
    loudness = abs(clips.audio[0]).max()
    if not (abs(dark - 20) < 4 and abs(bright - 100) < 4 and 0.5 < loudness < 1.5):
        raise Missing(f'wrong content: frames {dark:.0f}, {bright:.0f}, sound {loudness:.2f}')
    return f'{path.suffix} picture and sound'


def log_mel() -> str:
    import numpy as np
    from mmaction.registry import TRANSFORMS

    transform = TRANSFORMS.build(dict(type='MelSpectrogram', num_mels=80, num_columns=100))
    sound = np.sin(np.arange(16000) * 0.2).astype(np.float32)
    clip = dict(
        audio_waveforms=[sound],
        audio_rate=np.ones(1),
        audio_direction=np.zeros(1, int),
        has_audio=np.ones(1, bool),
    )
    columns, mels = transform(clip)['audios'].shape[-2:]
    return f'torchaudio, {columns} columns x {mels} mels a second'


def build_model() -> str:
    from mmaction.registry import MODELS
    from mmengine.config import Config

    model = MODELS.build(Config.fromfile(CONFIGS / 'pretrain/avtss_r2plus1d_k400.py').model)
    return (
        f'avtss_r2plus1d_k400: {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters'
    )


def train_step(path: Path) -> str:
    """Train the demo's network for one step on the sample, with the demo's pipeline."""
    import torch
    from mmaction.registry import DATASETS, MODELS
    from mmengine.config import Config
    from mmengine.dataset import pseudo_collate
    from mmengine.device import get_device
    from mmengine.optim import OptimWrapper

    cfg = Config.fromfile(CONFIGS / 'demo/avtss_toy.py')
    (path.parent / 'list.txt').write_text(f'{path.name} 0\n' * 4)
    where = dict(data_root=str(path.parent), ann_file='list.txt')
    dataset = DATASETS.build({**cfg.train_dataloader.dataset, **where})
    model = MODELS.build(cfg.model).to(get_device()).train()
    optim = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
    losses = model.train_step(pseudo_collate([dataset[i] for i in range(4)]), optim)
    if not torch.isfinite(losses['loss']):
        raise Missing(f'the loss is {losses["loss"]}')
    return f'loss {losses["loss"]:.2f} on {get_device()}'


def gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        raise Missing('none: the demo runs on the CPU, Kinetics needs GPUs')
    return ', '.join(
        torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())
    )


def threads() -> str:
    import torch

    policy = os.environ['OMP_WAIT_POLICY']
    return f'{os.cpu_count()} cores, torch uses {torch.get_num_threads()}, waiting: {policy}'


def check(name: str, function: Callable[[], str], needed: bool = True) -> bool:
    """Run a check and print one line; returns whether the environment is still good."""
    try:
        mark, text = 'ok', function()
    except Exception as error:  # any error is shown
        kind = '' if isinstance(error, Missing) else f'{type(error).__name__}: '
        mark, text = 'FAILS' if needed else '-', (kind + ' '.join(str(error).split()))[:300]
    print(f'{mark:<6}{name:<20}{text}', flush=True)
    return mark != 'FAILS'


def main() -> None:
    description, _, more = __doc__.partition('\n\n    python tools/check_env.py\n\n')
    argparse.ArgumentParser(description=f'{description} {more}').parse_args()
    warnings.simplefilter('ignore')
    good = check('python', python) & check('packages', packages) & check('mmcv', mmcv)
    if not check('plugin', plugin):  # nothing else can work
        sys.exit(1)
    check('torchcodec', torchcodec, needed=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'sample.mp4')
        good &= check('write a video', lambda: write_sample(Path(folder)).name)
        good &= check('decode: pyav', lambda: decode(path, 'pyav'))
        for backend in ('torchcodec', 'decord'):
            check(f'decode: {backend}', lambda name=backend: decode(path, name), needed=False)
        good &= check('log-mel', log_mel)
        good &= check('build the model', build_model)
        good &= check('one training step', lambda: train_step(path))
    check('gpu', gpu, needed=False)
    check('threads', threads)
    print('\nready' if good else f'\nnot ready: see the lines that fail. {INSTALL}')
    sys.exit(not good)


if __name__ == '__main__':
    main()
