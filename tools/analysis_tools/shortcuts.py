#!/usr/bin/env python
"""Accuracy of the temporal heads where there is nothing to tell: above chance is a shortcut.

    python tools/analysis_tools/shortcuts.py CONFIG CKPT [--ann-file test.json]

The controls are made from videos of a list: their first frame as a still picture, with sounds that
stay the same (white and pink noise, hum, chord); and the videos encoded again, whose accuracy
should be that of the videos themselves. Order is also asked of windows of two different videos.
Windows, speeds and augmentations are those of training.
"""

from __future__ import annotations

import argparse
import os

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from avtss_mm.media import Reader, build_manifest, open_media, save_manifest, write_video
from avtss_mm.utils import cli
from avtss_mm.utils.report import markdown_table

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from mmengine.config import Config

    from avtss_mm.models import AVContrastiveRecognizer

SAMPLE_RATE = 16000
FPS = 25
BLOCK = 16
"""Number of frames to read at a time."""

SOUNDS = ('white noise', 'pink noise', 'hum', 'chord')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cli.add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint of training')
    parser.add_argument('--ann-file', help="list of the videos (default: the config's of training)")
    parser.add_argument('--num', type=int, default=64, help='number of videos (%(default)s)')
    parser.add_argument('--draws', type=int, default=4, help='samples of a video (%(default)s)')
    return parser.parse_args()


def stationary_sound(kind: str, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Make a sound without beginning, end or direction; float32 ``(n,)`` at 16 kHz."""
    n = round(seconds * SAMPLE_RATE)
    if kind.endswith('noise'):
        spectrum = np.fft.rfft(rng.standard_normal(n))
        if kind == 'pink noise':
            spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        sound = np.fft.irfft(spectrum, n)
    else:
        times = np.arange(n)[:, None] / SAMPLE_RATE
        if kind == 'hum':  # of any pitch: that of the mains, at twice the speed, would be told
            orders = np.arange(1, 9)
            pitches, weights = 2 ** rng.uniform(5, 8) * orders, 1 / orders
        else:
            pitches, weights = 2 ** rng.uniform(7, 11, size=4), np.ones(4)
        sound = np.sin(2 * np.pi * (pitches * times + rng.random(len(pitches)))) @ weights
    return (0.2 * sound / sound.std()).clip(-1, 1).astype(np.float32)


def frames_of(reader: Reader) -> Iterator[np.ndarray]:
    """Yield the pictures of a video, with even sides."""
    fps = min(reader.info.fps, 30)
    times = (np.arange(max(round(reader.info.duration * fps), 1)) + 0.5) / fps
    for first in range(0, len(times), BLOCK):
        for frame in reader.read([times[first : first + BLOCK]]).frames[0]:
            yield frame[: len(frame) // 2 * 2, : frame.shape[1] // 2 * 2]


def make_controls(paths: list[str], folder: Path) -> dict[str, str]:
    """Write still pictures with stationary sounds, and copies; return their lists by name."""
    stills, copies = folder / 'stills', folder / 'copies'
    stills.mkdir()
    copies.mkdir()
    for index, path in enumerate(tqdm(paths, 'controls', disable=None)):
        with open_media(path) as reader:
            info, name = reader.info, f'{index:05d}.mp4'
            sound = None
            if info.has_audio:
                window = (0.0, info.duration)
                (sound,) = reader.read(audio_windows=[window], sample_rate=SAMPLE_RATE).audio
            copy = dict(audio=sound, sample_rate=SAMPLE_RATE, crf=30)
            write_video(copies / name, frames_of(reader), min(info.fps, 30), **copy)
            picture = next(frames_of(reader))
        rng = np.random.default_rng(index)
        sound = stationary_sound(SOUNDS[index % len(SOUNDS)], info.duration, rng)
        pictures = [picture] * max(round(info.duration * FPS), 1)
        write_video(stills / name, pictures, FPS, sound, SAMPLE_RATE)
    lists = {}
    for made in (stills, copies):
        rows, _ = build_manifest(made)
        save_manifest(made / 'manifest.json', rows)
        lists[made.name] = str(made)
    return lists


def load_model(cfg: Config, checkpoint: str) -> AVContrastiveRecognizer:
    """Build the whole model, heads included, with the weights of a checkpoint."""
    from mmaction.registry import MODELS
    from mmengine.device import get_device
    from mmengine.registry import init_default_scope
    from mmengine.runner.checkpoint import _load_checkpoint_to_model

    from avtss_mm.apis.encoder import read_checkpoint

    content = read_checkpoint(checkpoint).content
    init_default_scope('mmaction')
    model = MODELS.build({**cfg.model, 'test_cfg': dict(pretext=True)})
    if not getattr(model, 'pretext_heads', None):
        raise cli.UsageError('the model of this config has no pretext_heads')
    if not any(name.startswith('pretext_heads.') for name in content.get('state_dict', content)):
        raise cli.UsageError(f'{checkpoint} has no pretext heads: name a checkpoint of training')
    _load_checkpoint_to_model(model, content)
    return model.to(get_device()).eval()


def mix_windows(batch: dict) -> None:
    """Give each video the second window of the one before it, in place."""
    for clips in batch['inputs'].values():  # N, 2, ...
        clips[:, 1] = clips[:, 1].roll(1, 0)
    has_audio = np.stack([sample.has_audio for sample in batch['data_samples']])
    has_audio[:, 1] = np.roll(has_audio[:, 1], 1)
    for sample, row in zip(batch['data_samples'], has_audio):
        sample.set_field(row, 'has_audio')


def answer(cfg: Config, model, dataset, draws: int, mixed: bool = False) -> list[dict]:
    """Predictions and labels of all heads, for each draw of each video.

    With ``mixed``, the second window comes from the next video of the batch.
    """
    import torch

    from avtss_mm.engine.runner import AVRunner

    results = []
    settings = dict(dataset=dataset, batch_size=min(cfg.train_dataloader.batch_size, len(dataset)))
    in_order = dict(sampler=dict(type='DefaultSampler', shuffle=False), drop_last=mixed)
    loader = AVRunner.build_dataloader({**cfg.train_dataloader, **settings, **in_order})
    for epoch in range(draws):
        dataset.set_epoch(epoch, 0)
        for batch in loader:
            if mixed:
                mix_windows(batch)
            with torch.inference_mode():
                samples = model.test_step(batch)
            results += [sample.pretext for sample in samples]
    return results


def accuracy(results: list[dict], task: str) -> str:
    """Accuracy of a task, with chance in brackets."""
    from avtss_mm.evaluation.metrics import PretextAccuracy

    figures = PretextAccuracy().compute_metrics([{task: result[task]} for result in results])
    return f'{figures[task]:.2f} ({figures[f"{task}_chance"]:.2f})' if figures else '-'


def main() -> None:
    args = parse_args()
    from mmaction.registry import DATASETS

    from avtss_mm.engine import explained
    from avtss_mm.utils.building import building_errors

    with cli.user_errors(), TemporaryDirectory() as folder:
        cfg = cli.read_settings(args.config, args.cfg_options)
        with building_errors(cfg), explained('.', 'The same command starts over.'):
            model = load_model(cfg, args.checkpoint)
            videos = dict(cfg.train_dataloader.dataset, test_mode=True)
            videos['ann_file'] = args.ann_file or videos['ann_file']
            number = len(DATASETS.build(videos))
            indices = np.linspace(0, number - 1, min(args.num, number)).astype(int).tolist()
            videos = DATASETS.build(dict(videos, indices=indices))
            paths = [videos.get_data_info(i)['filename'] for i in range(len(videos))]
            sets = {'as they are': videos}
            for name, root in make_controls(paths, Path(folder)).items():
                made = dict(data_root=root, ann_file='manifest.json', data_prefix=dict(video=''))
                settings = dict(cfg.train_dataloader.dataset, test_mode=True, **made)
                sets[name] = DATASETS.build(settings)
            found = {
                name: answer(cfg, model, dataset, args.draws)
                for name, dataset in tqdm(sets.items(), 'answers', disable=None)
            }
            found['mixed'] = answer(cfg, model, videos, args.draws, mixed=True)
        print(report(found, model, len(paths)))


def report(found: dict[str, list[dict]], model, number: int) -> str:
    """Format the accuracies as Markdown."""
    seen = {  # modalities by task
        task: getattr(head, 'modalities', None) or (head.modality,)
        for task, head in model.pretext_heads.items()
    }
    order = {task for task in seen if hasattr(model.pretext_heads[task], 'modalities')}
    pictures = {task for task, modalities in seen.items() if 'video' in modalities}
    rows = [
        ('videos as they are', found['as they are'], set(seen)),
        ('the same, encoded again', found['copies'], set(seen)),
        ('still pictures', found['stills'], pictures),
    ]
    for kind, name in enumerate(SOUNDS):
        results = [r for i, r in enumerate(found['stills']) if i % number % len(SOUNDS) == kind]
        rows.append((name, results, set(seen) - pictures))
    rows.append(('windows of two videos', found['mixed'], order))
    table = [
        [name, *(accuracy(results, task) if task in asked else '-' for task in seen)]
        for name, results, asked in rows
        if results
    ]
    pairs = list(zip(found['as they are'], found['copies']))
    same = [f'{np.mean([np.array_equal(a[t][0], b[t][0]) for a, b in pairs]):.2f}' for t in seen]
    table.append(['same answer when encoded again', *same])
    return markdown_table(['accuracy (chance)', *seen], table, right=True)


if __name__ == '__main__':
    main()
