#!/usr/bin/env python
"""Time and memory of a fingerprint index by back-end, compared with an exact matrix product.

python tools/benchmarks/fingerprint_index.py --out OUT           1,000 and 100,000 vectors
python tools/benchmarks/fingerprint_index.py --small             1,000
python tools/benchmarks/fingerprint_index.py --clips DIR         what clips cost, instead

The vectors are random. Each back-end runs in its own process; searches take turns, and the median
over the repetitions is shown. A query has 17 chunks, like 10 seconds at a stride of 0.5 s.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from measuring import memory, parser, report

from avtss_mm.fingerprint.matching.whitening import unit

CHUNKS_A_FILE, CHUNKS_A_QUERY, DIM = 10, 17, 512
KINDS = ('exact', 'faiss', 'milvus')


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--vectors', type=int, nargs='+', help='index sizes to measure')
    parse.add_argument(
        '--clips',
        type=Path,
        metavar='DIR',
        help='what these clips cost to index and search instead',
    )
    args = parse.parse_args()
    sizes = args.vectors or ([1000] if args.small else [1000, 100_000])
    if args.clips:
        from fingerprint_cost import costs

        lines = costs(args.clips, sizes, args.repeat)
        report('fingerprint_index', {'Processor time, by kind of descriptor': lines}, args.out)
        return
    lines = []
    for number in sizes:
        with tempfile.TemporaryDirectory() as folder:
            lines += measure_all(number, args.repeat, folder)
    report('fingerprint_index', {'A query of 17 chunks': lines}, args.out)


def measure_all(number: int, repeat: int, folder: str) -> list[dict]:
    """Measures each kind of search, a line each; their processes take turns."""
    context = multiprocessing.get_context('spawn')
    ends, processes = [], []
    for kind in KINDS:
        mine, other = context.Pipe()
        processes.append(context.Process(target=serve, args=(kind, number, folder, other)))
        processes[-1].start()
        ends.append(mine)
        mine.recv()  # builds one index after the other
    times = [[] for _ in KINDS]
    for _ in range(repeat):
        for end, row in zip(ends, times):
            end.send('search')
            row.append(end.recv())
    lines = []
    for kind, end, process, row in zip(KINDS, ends, processes, times):
        end.send('end')
        size = end.recv()
        process.join()
        query, search = (round(statistics.median(column) * 1000, 2) for column in zip(*row))
        lines.append({'search': kind, 'vectors': number, **size, 'query ms': query})
        lines[-1]['search alone ms'] = search
    return lines


def serve(kind: str, number: int, folder: str, end) -> None:
    """Builds an index and sends seconds of a query and of its search alone; at the end its size."""
    rng = np.random.default_rng(0)
    queries = dict(
        video=(np.arange(CHUNKS_A_QUERY)[:, None] / 2 + [0, 2], random_vectors(rng, CHUNKS_A_QUERY))
    )
    make = exact if kind == 'exact' else indexed
    make(kind, 100, f'{folder}/first', queries)  # imports do not count
    before = memory('VmHWM')
    size, query, search = make(kind, number, folder, queries)
    size['memory MB'] = round(memory('VmHWM') - before)
    end.send('ready')
    while end.recv() == 'search':
        end.send((seconds(query), seconds(search)))
    end.send(size)


def exact(kind: str, number: int, folder: str, tracks: dict):
    """Multiplies the queries by all vectors, held in memory."""
    import torch

    torch.set_num_threads(1)
    vectors = torch.from_numpy(random_vectors(np.random.default_rng(1), number))
    queries = torch.from_numpy(tracks['video'][1])

    def search():
        return (queries @ vectors.T).topk(20, dim=1)

    return {'fill s': 0, 'open s': 0, 'disk MB': 0}, search, search


def indexed(kind: str, number: int, folder: str, tracks: dict):
    """Searches an index on disk, filled file by file as the command does it."""
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.indexing import finish
    from avtss_mm.fingerprint.search import match_chunks

    path = Path(folder, kind)
    rng = np.random.default_rng(1)
    times = np.arange(CHUNKS_A_FILE)[:, None] + [0.0, 2.0]
    begin = time.perf_counter()
    with FingerprintIndex(path, write=True) as index:
        index.catalog.set_metadata(chunk=2.0, backend=kind, collection='benchmark')
        for file in range(number // CHUNKS_A_FILE):
            track = (times, random_vectors(rng, CHUNKS_A_FILE), 0)
            index.catalog.replace(f'/{file}.mp4', '0', dict(video=track))
        finish(index)
    size = {'fill s': round(time.perf_counter() - begin, 2), 'open s': 0}
    size['disk MB'] = round(sum(p.stat().st_size for p in path.rglob('*')) / 1e6, 1)
    begin = time.perf_counter()
    opened = FingerprintIndex(path)
    backend = opened.vectors('video')
    size['open s'] = round(time.perf_counter() - begin, 2)
    vectors = opened.whiten('video', tracks['video'][1])
    return (
        size,
        lambda: match_chunks(opened, 'query', tracks),
        lambda: backend.search(vectors, 20),
    )


def random_vectors(rng: np.random.Generator, number: int) -> np.ndarray:
    return unit(rng.normal(size=(number, DIM)).astype(np.float32))


def seconds(run) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


if __name__ == '__main__':
    main()
