"""Writes a data set of small real videos with sound, to try everything in minutes.

    python tools/data/make_toy_dataset.py data/toy --num-videos 320 --seed 0

writes ``data/toy/videos/{train,test}/*.mp4`` and the manifests ``train.json`` and ``test.json``.
Equal arguments give equal files, whatever the number of workers.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.files.whole_file import write_whole
from avtss_mm.media import write_video
from avtss_mm.media.origin import check_replaceable
from avtss_mm.media.remote import local_path
from avtss_mm.toy import (
    CLASSES,
    FPS,
    SAMPLE_RATE,
    TIMBRES,
    make_world,
    render_frames,
    synthesise,
)
from avtss_mm.workers.fan_out import fan_out
from avtss_mm.workers.progress import bar

FORMAT = 6  # increase it if the same arguments give other files
SPLITS = ('train', 'test')
MADE_BY = 'python tools/data/make_toy_dataset.py'
NAME = re.compile(r'\d{5}_[a-z]+-[a-z]+\.mp4')
"""Pattern of the names of the videos."""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('out', type=local_path, help='folder to write into')
    parser.add_argument('--num-videos', type=int, default=320, help='training videos')
    parser.add_argument('--num-test', type=int, help='test videos; a quarter as many by default')
    parser.add_argument('--seed', type=int, default=0, help='random seed (%(default)s)')
    parser.add_argument('--size', type=int, default=128, help='height and width in pixels, even')
    parser.add_argument('--duration', type=float, default=8.0, help='seconds of each video')
    parser.add_argument('--workers', type=int, default=os.cpu_count(), help='processes')
    parser.add_argument('--overwrite', action='store_true', help='replace another set in OUT')
    args = parser.parse_args(argv)
    if args.num_test is None:
        args.num_test = args.num_videos // 4
    if args.num_videos < 1 or args.num_test < 0 or args.seed < 0:
        parser.error('--num-videos must be at least 1, --num-test and --seed at least 0')
    if args.size < 64 or args.size % 2 or not 1 <= args.duration <= 60:
        parser.error('--size must be even and at least 64, --duration 1 to 60 seconds')
    return args


def write_one(item: tuple[str, int], out: Path, seed: int, size: int, duration: float) -> dict:
    """Makes video ``index`` of a split and returns its manifest row."""
    split, index = item
    cv2.setNumThreads(0)
    label = index % len(CLASSES)
    world = make_world(label, np.random.SeedSequence([seed, SPLITS.index(split), index]), duration)
    filename = f'videos/{split}/{index:05d}_{CLASSES[label]}.mp4'
    write_video(
        out / filename, render_frames(world, size), FPS, synthesise(world), SAMPLE_RATE, crf=28
    )
    return {
        'filename': filename,
        'duration': world.duration,
        'num_frames': len(world.times),
        'fps': float(FPS),
        'width': size,
        'height': size,
        'rotation': 0,
        'has_audio': True,
        'audio_sample_rate': SAMPLE_RATE,
        'silent': False,
        'label': label,
        'motion': label // len(TIMBRES),
        'timbre': label % len(TIMBRES),
    }


def write_json(path: Path, content: dict) -> None:
    """Writes a JSON file, completely or not at all."""
    write_whole(path, json.dumps(content, indent=1) + '\n')


def is_complete(out: Path, settings: dict) -> bool:
    """Whether ``out`` contains all files of a data set made with these settings."""
    record = out / 'toy.json'
    if not record.exists() or json.loads(record.read_text()) != settings:
        return False
    manifests = [out / f'{split}.json' for split in SPLITS]
    if not all(path.exists() for path in manifests):
        return False
    rows = [row for path in manifests for row in json.loads(path.read_text())['data_list']]
    return all((out / row['filename']).exists() for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    with user_errors():
        return make_set(parse_args(argv))


def make_set(args: argparse.Namespace) -> int:
    """Make all videos that are missing, then the lists; return the exit status."""
    settings = {
        'format': FORMAT,
        **{k: getattr(args, k) for k in ('num_videos', 'num_test', 'seed', 'size', 'duration')},
    }
    record = args.out / 'toy.json'
    train = ['python', 'tools/train.py', 'configs/demo/avtss_toy.py']
    next_step = f'Next: {shlex.join([*train, "--cfg-options", f"data_root={args.out}"])}'
    if is_complete(args.out, settings):
        print(f'{args.out} is already complete with these settings: nothing to do.\n{next_step}')
        return 0
    if record.exists() and json.loads(record.read_text()) != settings and not args.overwrite:
        print(
            f'error: {args.out} holds a toy set made with other settings ({record}): '
            'choose another folder or pass --overwrite',
            file=sys.stderr,
        )
        return 1
    for split in SPLITS:
        check_replaceable(args.out / f'{split}.json', args.overwrite, tool=Path(MADE_BY).name)
    record.unlink(missing_ok=True)
    counts = dict(zip(SPLITS, (args.num_videos, args.num_test)))
    items = [(split, index) for split in SPLITS for index in range(counts[split])]
    for split in SPLITS:
        folder = args.out / 'videos' / split
        folder.mkdir(parents=True, exist_ok=True)
        for stale in folder.glob('*.mp4'):
            if NAME.fullmatch(stale.name):  # other files are the user's
                stale.unlink()
    make = partial(write_one, out=args.out, seed=args.seed, size=args.size, duration=args.duration)
    start = time.perf_counter()
    made = {}
    for item, row in bar(fan_out(make, items, max(1, args.workers)), 'toy videos', len(items)):
        if isinstance(row, Exception):
            raise UsageError(f'{item[0]} video {item[1]}: {row}')
        made[item] = row
    seconds = time.perf_counter() - start
    metainfo = {'dataset_type': 'AudioVisualDataset', 'classes': list(CLASSES), 'made_by': MADE_BY}
    for split in SPLITS:
        chosen = [made[item] for item in items if item[0] == split]
        write_json(args.out / f'{split}.json', {'metainfo': metainfo, 'data_list': chosen})
    write_json(record, settings)
    print(
        f'{args.num_videos} training and {args.num_test} test videos of {len(CLASSES)} classes '
        f'in {args.out}: {seconds:.0f} s, {100 * seconds / len(items):.1f} s per 100 videos\n'
        f'{next_step}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
