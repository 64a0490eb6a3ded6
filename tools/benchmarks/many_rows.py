#!/usr/bin/env python
"""Rehearsal at full length: a list of 1.9 million members of 20,000 shards, as AudioSet has.

python tools/benchmarks/many_rows.py VIDEO --out OUT

The shards are hard links to one that holds VIDEO (make it small) 95 times: rows, headers and
positions are real, pixels are not; they lie beside VIDEO for the time. Measured are listing the
shards, resuming build_manifest.py when most is done, and reading the list into a data set, with
samples from random shards.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from measuring import apart, memory, parser, report
from sources import PIPELINE

from avtss_mm.media import build_manifest, load_manifest, probe, save_manifest
from avtss_mm.media.shards import find_members
from avtss_mm.media.sources import stamp_of
from avtss_mm.preparation.shard_writing import Entry, write_shard

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.datasets import AudioVisualDataset

MEMBERS = 95


def make_shards(video: Path, folder: Path, number: int) -> None:
    """Makes shards that are hard links to one."""
    size = video.stat().st_size
    names = [f'{index:03d}{video.suffix}' for index in range(MEMBERS)]
    write_shard(folder / '000000.tar', [Entry(str(video), n, size, dict(label=0)) for n in names])
    for index in range(1, number):
        os.link(folder / '000000.tar', folder / f'{index:06d}.tar')


def list_members(folder: Path, video: Path) -> tuple[float, int]:
    """Seconds to list the members, and their number; writes their manifest."""
    start = time.perf_counter()
    names = find_members(folder, with_labels=True, workers=os.cpu_count()).names
    seconds, row = time.perf_counter() - start, probe(video)
    save_manifest(folder / 'manifest.json', [{**row, 'filename': name} for name in names])
    return seconds, len(names)


def resume(folder: Path, video: Path, share: float) -> tuple[float, int]:
    """Seconds to find what is left to do, and to do ten files, if a share was done before."""
    rows, row = load_manifest(folder / 'manifest.json')[0], probe(video)
    names, partial = [row['filename'] for row in rows], folder / 'manifest.json.partial'
    known = names[: int(share * len(names))]
    with open(partial, 'w') as file:
        for name in known:
            stamp = stamp_of(os.path.join(folder, name))
            entry = dict(filename=name, stamp=stamp, row={**row, 'filename': name})
            file.write(json.dumps(entry) + '\n')
    some = [*known, *names[len(known) : len(known) + 10]]
    start = time.perf_counter()
    rows, _ = build_manifest(folder, some, partial_path=partial)
    return time.perf_counter() - start, len(rows)


def worker_memory(dataset: AudioVisualDataset, samples: int) -> float:
    """MB that a data worker, which is forked, has for itself after some samples."""
    context = multiprocessing.get_context('fork')
    mine, other = context.Pipe(duplex=False)

    def work() -> None:
        for index in np.random.default_rng(1).integers(len(dataset), size=samples):
            dataset[int(index)]
        lines = Path('/proc/self/smaps_rollup').read_text().splitlines()
        other.send(sum(int(line.split()[1]) for line in lines if line.startswith('Private')))

    process = context.Process(target=work)
    process.start()
    size = mine.recv() / 1000
    process.join()
    return size


def read(folder: Path, samples: int) -> tuple[float, int, dict, float]:
    """Seconds to read the list, its length, what it leaves in memory, and ms of a sample."""
    from mmengine.logging import MMLogger
    from mmengine.registry import init_default_scope

    from avtss_mm.datasets import AudioVisualDataset

    MMLogger.get_current_instance().setLevel('ERROR')
    init_default_scope('mmaction')
    before, start = memory('VmRSS'), time.perf_counter()
    root = dict(data_root=str(folder), timeout=None)
    dataset = AudioVisualDataset('manifest.json', PIPELINE, **root)
    seconds = time.perf_counter() - start
    kept = {
        'MB of the rows': (dataset.data_bytes.nbytes + dataset.data_address.nbytes) / 1e6,
        'MB that stay': memory('VmRSS') - before,
        'MB of a worker': worker_memory(dataset, samples),
    }
    taken = []
    for index in np.random.default_rng(0).integers(len(dataset), size=samples):
        start = time.perf_counter()
        dataset[int(index)]
        taken.append(time.perf_counter() - start)
    return seconds, len(dataset), kept, float(np.median(taken)) * 1e3


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('video', type=Path, metavar='VIDEO', help='video of some kB')
    parse.add_argument('--shards', type=int, default=20_000, help='number (%(default)s)')
    args = parse.parse_args()
    number = 20 if args.small else args.shards
    folder = Path(tempfile.mkdtemp(dir=args.video.parent))
    try:
        make_shards(args.video, folder, number)
        rows = []

        def add(what, function, *arguments):
            answer, peak = apart(function, *arguments)
            rows.append({'': what, 'rows': answer[1], 's': answer[0], 'peak MB': peak})
            return answer

        add(f'list {number:,} shards with labels', list_members, folder, args.video)
        add('resume build_manifest, 79 % done', resume, folder, args.video, 0.79)
        _, _, kept, milliseconds = add('read into a data set', read, folder, 30)
        of_list = {'MB of the file': (folder / 'manifest.json').stat().st_size / 1e6, **kept}
        of_list['ms a sample, random shards'] = milliseconds
        title = f'{number * MEMBERS:,} members of {number:,} shards (lower is better)'
        report('many_rows', {title: rows, 'the data set': [of_list]}, args.out)
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
