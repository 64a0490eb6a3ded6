#!/usr/bin/env python
"""Checks that nothing grows or slows down over hours.

python tools/faults/endurance.py --out OUT --hours 2 --queries 10000

Training: the networks of the demo train on the toy world until the time is up; a share --bad of the
training files is spoilt (cut off, empty, zeros, HTML, noise). Queries: one process queries an index
of that world through the library; a share --bad of the queries are spoilt files. Every minute the
memory, open files, shared memory, CPU time and speed of all processes are recorded. Other work on
the machine changes the wall time of a step, but hardly its CPU time.

The exit status is 1 if the training ended by itself, if a query failed with anything but MediaError
or was answered differently than before, or if memory or open files grew in a run of more than 20
minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import matplotlib
from process_tree import usage
from tqdm import tqdm

from avtss_mm.media import load_manifest, save_manifest
from avtss_mm.utils.report import markdown_table

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/demo/avtss_toy.py'
GROWTH = 1.1
"""Factor by which the usage may grow from the first to the last tenth of a run."""
SHOWN = {
    'rss_mb': 'memory of all processes, shared pages counted for each (MB)',
    'anon_mb': 'of it not backed by files (MB)',
    'shm_mb': 'shared memory (MB)',
    **{'fds': 'open files', 'processes': 'processes'},
    'cpu_per_unit': 'CPU seconds a {unit}',
    'per_second': '{units} a second (wall time)',
}
PLURAL = dict(step='steps', query='queries')
SLACK = dict(rss_mb=100, anon_mb=100, shm_mb=20, fds=30, processes=1)
"""Slack of what must not grow: it varies with the batches in flight."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, required=True, help='folder of results')
    parser.add_argument('--hours', type=float, default=2, help='hours of training (%(default)s)')
    parser.add_argument('--queries', type=int, default=10_000, help='queries (%(default)s)')
    parser.add_argument('--every', type=float, default=60, help='seconds per record (%(default)s)')
    parser.add_argument('--videos', type=int, default=400, help='training videos (%(default)s)')
    parser.add_argument(
        '--bad', type=float, default=0.05, help='share of spoilt files (%(default)s)'
    )
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends the training, too
    lost, lines = 0, []
    for run, wanted in ((train, args.hours), (query, args.queries)):
        if wanted:
            samples, facts = run(args, args.out / 'world')
            name, unit = run.__name__, facts['unit']
            rows = table(samples, unit)
            ends = {key: (start, end) for key, start, end, _ in rows if key in SLACK}
            grown = [key for key, (a, b) in ends.items() if b > GROWTH * a + SLACK[key]]
            if samples[-1]['seconds'] > 1200 and grown:
                facts['grown'] = grown
            lost += bool(facts['lost'] or facts.get('grown'))
            draw(samples, unit, args.out / f'endurance_{name}.png')
            content = json.dumps(dict(facts, samples=samples), indent=1)
            (args.out / f'endurance_{name}.json').write_text(content)
            lines += [f'{name}: ' + ', '.join(f'{k} {v}' for k, v in facts.items()), '']
            cells = []
            for key, start, end, share in rows:
                text = SHOWN[key].format(unit=unit, units=PLURAL[unit])
                cells.append([text, f'{start:,.4g}', f'{end:,.4g}', f'{share:.3f}'])
            lines += [markdown_table(['', 'start', 'end', 'end / start'], cells), '']
    (args.out / 'endurance.md').write_text('\n'.join(lines))
    print('\n'.join(lines))
    sys.exit(lost > 0)


def spoil(path: Path, rng: random.Random) -> None:
    """Replaces a video by one that is damaged, or by something else."""
    data = path.read_bytes()
    half = len(data) // 2
    kinds = (
        data[:half],
        data[:300],
        b'',
        bytes(len(data)),
        b'<html><body>404 Not Found</body></html>' * 20,
        data[:half] + rng.randbytes(len(data) - half),
    )
    path.write_bytes(rng.choice(kinds))


def make_world(world: Path, args) -> list[Path]:
    """Makes the toy world and spoils some training videos; returns the spoilt ones."""
    tool = ROOT / 'tools/data/make_toy_dataset.py'
    sizes = ['--num-videos', args.videos, '--num-test', min(args.videos, 64), '--seed', args.seed]
    subprocess.run([sys.executable, tool, world, *map(str, sizes)], check=True, stdout=sys.stderr)
    videos, rng = sorted((world / 'videos/train').iterdir()), random.Random(args.seed)
    spoilt = rng.sample(videos, round(args.bad * len(videos)))
    for path in spoilt:
        if not (world / f'{path.name}.spoilt').exists():  # spoil no file twice
            spoil(path, rng)
            (world / f'{path.name}.spoilt').touch()
    # evaluation skips no file: the monitor gets the readable ones
    rows, metainfo = load_manifest(world / 'train.json')
    names = {path.relative_to(world).as_posix() for path in spoilt}
    rows = [row for row in rows if row['filename'] not in names]
    save_manifest(world / 'readable.json', rows, metainfo['classes'])
    return spoilt


def train(args, world: Path) -> tuple[list[dict], dict]:
    """Trains until the time is up."""
    spoilt = make_world(world, args)
    work_dir = args.out / time.strftime('train_%Y%m%d_%H%M%S')
    options = [f'data_root={world}', 'train_cfg.max_epochs=1000000']
    options += ['train_dataloader.dataset.max_bad_fraction=0.5', 'default_hooks.logger.interval=5']
    options += ['val_dataloader.dataset.gallery.ann_file=readable.json']
    command = [sys.executable, ROOT / 'tools/train.py', CONFIG, '--work-dir', work_dir]
    command = [*map(str, command), '--cfg-options', *options]
    samples, end = [], time.monotonic() + args.hours * 3600
    with open(args.out / 'train.log', 'wb') as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        bar = tqdm(total=round(args.hours * 60), unit='min', desc='training')
        while process.poll() is None and time.monotonic() < end:
            time.sleep(min(args.every, max(end - time.monotonic(), 0.1)))
            note(samples, process.pid, steps_done(work_dir))
            bar.update(round(samples[-1]['seconds'] / 60) - bar.n)
        bar.close()
    finally:
        ended = process.poll()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    facts = dict(
        unit='step', units=samples[-1]['units'], spoilt=len(spoilt), lost=ended is not None
    )
    return samples, facts


def steps_done(work_dir: Path) -> int:
    """Reads the number of steps from the log."""
    last = 0
    for path in work_dir.glob('*/vis_data/scalars.json'):
        with open(path, 'rb') as log:
            log.seek(max(path.stat().st_size - 20_000, 0))
            for line in log.read().splitlines():
                with contextlib.suppress(ValueError):  # a line that is only half written
                    last = max(last, json.loads(line).get('iter', 0))
    return last


def query(args, world: Path) -> tuple[list[dict], dict]:
    """Queries an index in this process."""
    from avtss_mm.errors import MediaError
    from avtss_mm.fingerprint import search
    from avtss_mm.fingerprint.cli import main as avtss_fp
    from avtss_mm.fingerprint.embedding import chunk_embedder
    from avtss_mm.fingerprint.index.index import FingerprintIndex

    spoilt = make_world(world, args)
    index, model = args.out / 'index', ['--checkpoint', 'random', '--config', str(CONFIG)]
    avtss_fp(['index', str(world / 'videos/test'), '-o', str(index), *model, '--workers', '1'])
    embedder = chunk_embedder('random', str(CONFIG))
    good, rng = sorted((world / 'videos/test').iterdir()), random.Random(args.seed)
    outcomes = Counter({'answered': 0, 'refused by name': 0})
    samples, answers, next_note = [], {}, 0.0
    with FingerprintIndex(index) as opened:
        for number in tqdm(range(args.queries), unit='query'):
            path = rng.choice(spoilt if spoilt and rng.random() < args.bad else good)
            try:
                features = search.query_features(embedder, path)
                matches = search.match_chunks(opened, str(path), search.chunks_of(features))
                same = answers.setdefault(path, matches) == matches
                outcomes['answered' if same else 'ANSWERED DIFFERENTLY'] += 1
            except MediaError:
                outcomes['refused by name'] += 1
            except Exception as error:  # continue, to count the failures
                outcomes[f'FAILED: {type(error).__name__}'] += 1
            if time.monotonic() >= next_note or number + 1 == args.queries:
                next_note = time.monotonic() + args.every
                note(samples, os.getpid(), number + 1)
    lost = args.queries - outcomes['answered'] - outcomes['refused by name']
    return samples, dict(unit='query', **outcomes, lost=lost)


def note(samples: list[dict], root: int, units: int) -> None:
    """Adds a record: what all processes use, and what was done since the previous record."""
    sample = dict(time=time.monotonic(), units=units, **usage(root))
    before = samples[-1] if samples else sample
    done = units - before['units']
    passed = sample['time'] - before['time']
    sample['seconds'] = before.get('seconds', 0.0) + passed
    sample['cpu_per_unit'] = (sample['cpu_s'] - before['cpu_s']) / done if done else None
    sample['per_second'] = done / passed if passed else None
    samples.append(sample)


def table(samples: list[dict], unit: str) -> list[tuple[str, float, float, float]]:
    """Key, median of the first and of the last tenth after a warm-up, and their ratio."""
    warm = samples[min(2, len(samples) - 1) :]
    tenth = max(len(warm) // 10, 1)
    rows = []
    for key in SHOWN:
        ends = []
        for part in (warm[:tenth], warm[-tenth:]):
            values = [sample[key] for sample in part if sample[key] is not None]
            ends.append(statistics.median(values) if values else float('nan'))
        rows.append((key, *ends, ends[1] / ends[0] if ends[0] else float(ends[1] > 0) + 1))
    return rows


def draw(samples: list[dict], unit: str, path: Path) -> None:
    """Draws all measurements over time in one figure."""
    figure, axes = plt.subplots(len(SHOWN), figsize=(9, 13), sharex=True, constrained_layout=True)
    for axis, (key, text) in zip(axes, SHOWN.items()):
        points = [(s['seconds'] / 60, s[key]) for s in samples if s[key] is not None]
        if points:
            axis.plot(*zip(*points), linewidth=1.4)
        axis.set_title(text.format(unit=unit, units=PLURAL[unit]), loc='left', fontsize=9)
        axis.set_ylim(bottom=0)
        axis.spines[['top', 'right']].set_visible(False)
    axes[-1].set_xlabel('minutes')
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == '__main__':
    main()
