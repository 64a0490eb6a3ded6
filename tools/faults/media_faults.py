#!/usr/bin/env python
"""Makes bad media files from real ones and passes them through everything that reads media.

python tools/faults/media_faults.py SAMPLES --out OUT --limit 3000

The first seconds of each file below SAMPLES are damaged in many ways. Each bad file is probed,
loaded as a training and as an evaluation sample, embedded, and used as a query to a fingerprint
index, with small random networks. The outcomes:

    fine             all stages read the file
    older frame      a damaged file shows an older frame than a plain pass over it
    refused          every stage refuses the file in one line that names it
    refused in part  only some stages refuse it
    cut off          a stage took longer than --timeout seconds
    crash survived   the file crashed a decoder, and the process went on
    WRONG            frames, times or sound differ from a plain pass over the file, or from what
                     was written
    LOST             the file ended or blocked the process, or raised any other error

WRONG and LOST make the exit status 1. At the end a DataLoader with two workers serves good and bad
files. Ctrl-C ends the campaign early.

Writes OUT/media_faults.jsonl, one row per file, and OUT/media_faults.md, one row per kind.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures import TimeoutError as TooLate
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import av
from media_faults_damage import DAMAGE, REMUXED
from media_faults_odd import CHANGES, NO_MEDIA, ODD
from tqdm import tqdm

from avtss_mm.media import find_media
from avtss_mm.media.pyav_container import open_input
from avtss_mm.utils.report import markdown_table

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from media_faults_stages import Stages

OUTCOMES = ('fine', 'older frame', 'refused', 'refused in part', 'cut off', 'crash survived')
OUTCOMES += ('WRONG', 'LOST')
SHARES = {**dict.fromkeys(DAMAGE, 12), **dict.fromkeys(REMUXED, 4), **dict.fromkeys(ODD, 2)}
SHARES.update({**dict.fromkeys(NO_MEDIA, 2), **dict.fromkeys(CHANGES, 4), 'cut at a box': 24})
SHARES.update({'8K': 0.5, 'no key frame for minutes': 0.5})
"""Share of each kind among the files, relative to the others."""

CONFIG = str(Path(__file__).parents[2] / 'configs/demo/avtss_folder.py')
TINY = str(Path(__file__).parents[2] / 'configs/demo/avtss_tiny.py')
stages: Stages  # one in each process of the pool


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('samples', type=Path, metavar='SAMPLES', help='folder of real videos')
    parser.add_argument('--out', type=Path, required=True, help='folder for the results')
    parser.add_argument('--limit', type=int, default=3000, help='number of bad files (%(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--timeout', type=float, default=20, help='seconds per file and stage (%(default)g)'
    )
    parser.add_argument('--workers', type=int, default=1, help='processes (%(default)s)')
    parser.add_argument(
        '--seconds', type=float, default=2.5, help='length of each file (%(default)g)'
    )
    parser.add_argument('--max-sources', type=int, default=40, help='real files (%(default)s)')
    parser.add_argument(
        '--only', nargs='+', choices=SHARES, metavar='KIND', help='kinds to try (default: all)'
    )
    parser.add_argument('--config', help='config of the networks (default: a small demo)')
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = parse_args(argv)
    import torch
    from media_faults_loader import serve

    from avtss_mm.utils.config import read_config

    torch.set_num_threads(1)
    av.logging.set_level(av.logging.PANIC)
    logging.disable(logging.WARNING)
    args.out.mkdir(parents=True, exist_ok=True)
    config = read_config(args.config or CONFIG)
    if args.config is None:
        config.model = read_config(TINY).model
    with tempfile.TemporaryDirectory() as folder:
        sources = take_sources(args, Path(folder, 'whole'))
        index = Path(folder, 'index')
        make_index(config, Path(folder, 'whole'), index)
        begin = time.perf_counter()
        rows = run(args, (config, sources, index, args.timeout, args.seed))
        table = report(rows, time.perf_counter() - begin, len(sources))
        pipeline = config.train_dataloader.dataset.pipeline
        served, fine = serve(pipeline, sources, min(5.0, args.timeout), args.seed)
    table += f'{served}\n'
    (args.out / 'media_faults.md').write_text(table)
    print(table)
    return int(not fine or any(row['outcome'] in ('WRONG', 'LOST') for row in rows))


def take_sources(args, folder: Path) -> list[Path]:
    """Copies the packets of the first seconds of real files; whole files if that fails."""
    folder.mkdir()
    names = find_media(args.samples)
    random.Random(args.seed).shuffle(names)
    taken = []
    for name in tqdm(names[: args.max_sources], desc='real files', unit='file'):
        source, target = args.samples / name, folder / f'{len(taken):03d}{Path(name).suffix}'
        try:
            cut_short(source, target, args.seconds)
        except (av.FFmpegError, ValueError):
            target.write_bytes(source.read_bytes())
        taken.append(target)
    if not taken:
        sys.exit(f'error: no videos below {args.samples}')
    return taken


def cut_short(source: Path, target: Path, seconds: float) -> None:
    with open_input(str(source)) as whole, av.open(str(target), 'w') as part:
        streams = [s for s in whole.streams if s.type in ('video', 'audio')]
        copies = {s.index: part.add_stream_from_template(s) for s in streams}
        for packet in whole.demux(streams):
            if packet.dts is not None and packet.dts * packet.time_base < seconds:
                packet.stream = copies[packet.stream.index]
                part.mux(packet)


def make_index(config, folder: Path, out: Path) -> None:
    from avtss_mm.fingerprint.embedding import chunk_embedder
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.indexing import index_folders

    embedder = chunk_embedder('random', config, device='cpu')
    with FingerprintIndex(out, write=True) as index:
        index.begin(embedder, checkpoint='random', config=None, folders=[str(folder)])
        index_folders(index, embedder, [str(folder)])


def plan(args, rng: random.Random) -> list[tuple[str, int]]:
    """Kinds and numbers of the files to make in random order, each kind at least once."""
    shares = {kind: share for kind, share in SHARES.items() if kind in (args.only or SHARES)}
    total = sum(shares.values())
    jobs = [
        (kind, number)
        for kind, share in shares.items()
        for number in range(max(1, round(args.limit * share / total)))
    ]
    rng.shuffle(jobs)
    return jobs


def begin_worker(setting: tuple) -> None:
    global stages
    from media_faults_stages import Stages

    stages = Stages(*setting)


def try_one(job: tuple[str, int]) -> dict:
    return stages.try_one(job)


def run(args, setting: tuple) -> list[dict]:
    """Tries all files. A file that ends its process ends the campaign."""
    from media_faults_stages import STAGES

    jobs, rows = plan(args, random.Random(args.seed)), []
    patience = 2 * len(STAGES) * (args.timeout + 10) + 60
    context = multiprocessing.get_context('fork')
    pool = ProcessPoolExecutor(args.workers, context, begin_worker, (setting,))
    running = {}
    bar = tqdm(total=len(jobs), unit='file')
    log = open(args.out / 'media_faults.jsonl', 'w')
    try:
        while jobs or running:
            while jobs and len(running) < 2 * args.workers:
                job = jobs.pop()
                running[pool.submit(try_one, job)] = job
            done = next(as_completed(running, timeout=patience))
            job = running.pop(done)
            row = lost(*job, done.exception()) if done.exception() else done.result()
            rows.append(row)
            log.write(json.dumps(row) + '\n')
            bar.update()
            if row['outcome'] in OUTCOMES[4:]:
                bar.write(f'{row["outcome"]}: {row["kind"]} {row["number"]}: {row["why"]}')
            if isinstance(done.exception(), BrokenProcessPool):
                break
    except TooLate:
        rows.append(lost(*next(iter(running.values())), 'the process hangs'))
        for process in multiprocessing.active_children():
            process.kill()
    except KeyboardInterrupt:
        bar.write('what is there so far:')
    log.close()
    pool.shutdown(cancel_futures=True)
    return rows


def lost(kind: str, number: int, why) -> dict:
    return dict(kind=kind, number=number, size=0, memory=0, outcome='LOST', why=repr(why))


def report(rows: list[dict], seconds: float, sources: int) -> str:
    """Formats the outcomes by kind as Markdown."""
    from media_faults_stages import STAGES

    kinds = [kind for kind in SHARES if any(row['kind'] == kind for row in rows)]
    table = []
    for kind in [*kinds, 'all']:
        chosen = [row for row in rows if kind in ('all', row['kind'])]
        counts = Counter(row['outcome'] for row in chosen)
        slowest = max(row.get(f'{stage}_seconds', 0) for row in chosen for stage in STAGES)
        cells = [kind, len(chosen), *(counts[name] or '' for name in OUTCOMES)]
        cells += [f'{slowest:.1f}', max(row['memory'] for row in chosen)]
        table.append(cells)
    header = ['kind', 'files', *OUTCOMES, 'worst s', 'worst MB']
    note = f'{len(rows)} bad files of {sources} real ones in {seconds / 60:.0f} minutes.'
    return '\n'.join([markdown_table(header, table, right=True), '', note, ''])


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    sys.exit(main())
