#!/usr/bin/env python
"""Time and memory from `python tools/train.py` to its first step, with a long list of videos.

python tools/benchmarks/start_up.py --out OUT                    650,000 rows, as Kinetics-700
python tools/benchmarks/start_up.py --rows 1900000 --out OUT     as AudioSet
python tools/benchmarks/start_up.py --small

The demo starts with a short and with a long list of videos in turn. The rows of the long list name
the same files, under names as long as those of Kinetics. Memory is that of the trainer and its
workers together after the first step; shared pages count once. The peak is that of the trainer
alone; a worker's own memory is what it shares with nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from measuring import parser, report
from tqdm import tqdm

from avtss_mm.media import load_manifest, save_manifest

ROOT = Path(__file__).parents[2]
CLASS = 'train/a class of videos'
PATIENCE = 600


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--workers', type=int, default=2, help='data workers (%(default)s)')
    parse.add_argument('--rows', type=int, default=650_000, help='long list (%(default)s)')
    args = parse.parse_args()
    few, many, batch = (16, 20_000, 4) if args.small else (64, args.rows, 16)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        sizes = make_lists(Path(folder), few, many)
        for _ in tqdm(range(args.repeat), 'rounds', disable=None):
            for size in sizes:
                work_dir = Path(tempfile.mkdtemp(dir=folder))
                run = start(Path(folder), f'{size}.json', work_dir, args.workers, batch)
                found.setdefault(size, []).append(run)
    rows = []
    for size, runs in found.items():
        row = {'rows': size}
        for key in runs[0]:
            row[key] = statistics.median(run[key] for run in runs)
        rows.append(row)
    rows.append({'rows': 'difference', **{k: rows[1][k] - rows[0][k] for k in runs[0]}})
    report('start_up', {f'Start of a training, {args.workers} workers': rows}, args.out)


def make_lists(folder: Path, few: int, many: int) -> tuple[int, int]:
    """Writes two lists of toy videos, of ``few`` and ``many`` rows; returns their lengths."""
    tool = ROOT / 'tools/data/make_toy_dataset.py'
    sizes = ['--num-videos', str(few), '--num-test', '4']
    command = [sys.executable, str(tool), str(folder), *sizes]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    rows, metainfo = load_manifest(folder / 'train.json')
    (folder / CLASS).mkdir(parents=True)
    long = []
    for number in range(many):
        row = rows[number % len(rows)]
        name = f'{CLASS}/{number % len(rows):011d}_000000_000010{Path(row["filename"]).suffix}'
        if number < len(rows):
            (folder / name).symlink_to(folder / row['filename'])
        long.append(dict(row, filename=name))
    for part in (rows, long):
        save_manifest(folder / f'{len(part)}.json', part, metainfo['classes'])
    return len(rows), many


def start(
    world: Path, list_name: str, work_dir: Path, workers: int, batch: int
) -> dict[str, float]:
    """Starts a training and ends it after its first step; returns its times and memory."""
    options = [
        f'data_root={world}',
        f'train_dataloader.dataset.ann_file={list_name}',
        f'train_dataloader.num_workers={workers}',
        f'train_dataloader.batch_size={batch}',
        'default_hooks.logger.interval=1',
    ]
    command = [ROOT / 'tools/train.py', ROOT / 'configs/demo/avtss_toy.py', '--no-validate']
    command = [sys.executable, *command, '--work-dir', work_dir, '--cfg-options', *options]
    begin = time.perf_counter()
    with open(work_dir / 'log', 'wb') as log:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=log, stderr=log, start_new_session=True
        )
    listed = None
    try:
        while not first_step(work_dir):
            if listed is None and f'{list_name}: ' in (work_dir / 'log').read_text():
                listed = time.perf_counter() - begin
            if process.poll() is not None or time.perf_counter() - begin > PATIENCE:
                sys.exit(f'error: no step was made\n{(work_dir / "log").read_text()[-3000:]}')
            time.sleep(0.02)
        seconds = time.perf_counter() - begin
        return {
            's until the list is read': listed,
            's to the first step': seconds,
            **memory_of(psutil.Process(process.pid)),
        }
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def first_step(work_dir: Path) -> bool:
    """Whether the log contains a step."""
    for path in work_dir.glob('*/vis_data/scalars.json'):
        with contextlib.suppress(ValueError):  # a line that is only half written
            return any('loss' in json.loads(line) for line in path.read_text().splitlines())
    return False


def memory_of(trainer: psutil.Process) -> dict[str, float]:
    """Memory of a trainer and its data workers in MB."""
    children = [child.memory_full_info() for child in trainer.children(recursive=True)]
    status = Path(f'/proc/{trainer.pid}/status').read_text().split()
    return {
        'MB': sum(info.pss for info in [trainer.memory_full_info(), *children]) / 1e6,
        'peak MB of the trainer': int(status[status.index('VmHWM:') + 1]) / 1e3,
        "MB of a worker's own": max((info.uss for info in children), default=0) / 1e6,
    }


if __name__ == '__main__':
    main()
