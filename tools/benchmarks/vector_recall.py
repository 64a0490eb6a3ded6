#!/usr/bin/env python
"""Recall, time and memory of approximate searches of faiss, compared with the exact one.

python tools/benchmarks/vector_recall.py --out OUT              1,000,000 vectors
python tools/benchmarks/vector_recall.py --small                20,000

The vectors are made (:func:`made_vectors`). A query is a stored vector with noise, as a distorted
copy is. Recall is the share of the exact 20 nearest that are found; "copy first" the share of
queries whose own vector is the nearest. One thread; searches are of 17 vectors, as of a clip of
ten seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import faiss
import numpy as np
from measuring import parser, report
from tqdm import tqdm

from avtss_mm.fingerprint.matching.whitening import unit

DIM, FILE, KINDS, COPY = 256, 10, 20_000, 0.8
"""Dimensions of the shipped weights' video, chunks of a file, kinds of files, noise of a copy."""

NEAREST, CHUNKS = 20, 17
"""Number of results; vectors a search."""

PROBES, EF = (8, 16, 32, 64, 128), (32, 64, 128, 256)
"""Cells of an inverted file to search; size of the candidate list of a graph."""


def made_vectors(
    number: int, dim: int, seed: int = 0, block: int = 100_000
) -> Iterator[np.ndarray]:
    """Yields unit vectors (block, D) in files of 10: kind of file + file + chunk, each normal."""
    kinds = np.random.default_rng(0).normal(size=(KINDS, dim)).astype(np.float32)
    rng = np.random.default_rng([1, seed])
    for first in range(0, number, block):
        files = -(-min(block, number - first) // FILE)
        own = kinds[rng.integers(KINDS, size=files)]
        own = own + rng.normal(size=(files, dim)).astype(np.float32)
        chunks = own[:, None] + rng.normal(size=(files, FILE, dim)).astype(np.float32)
        yield unit(chunks.reshape(-1, dim)[: number - first])


def noisy(vectors: np.ndarray) -> np.ndarray:
    """Copies of unit vectors: with noise of ``COPY`` times their length."""
    noise = np.random.default_rng(2).normal(size=vectors.shape).astype(np.float32)
    return unit(vectors + COPY * unit(noise))


def search(index: faiss.Index, queries: np.ndarray) -> tuple[np.ndarray, float]:
    """Ids of the nearest (q, 20), and milliseconds of a search of 17 vectors."""
    begin = time.perf_counter()
    found = [index.search(queries[i : i + CHUNKS], NEAREST)[1] for i in range(0, len(queries), 17)]
    return np.concatenate(found), (time.perf_counter() - begin) / len(found) * 1e3


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('--vectors', type=int, default=1_000_000, help='(%(default)s)')
    parse.add_argument('--dim', type=int, default=DIM, help='dimensions (%(default)s)')
    parse.add_argument('--queries', type=int, default=1020, help='(%(default)s)')
    parse.add_argument(
        '--factory', nargs='+', default=['IVF1024,SQ8', 'IVF4096,SQ8', 'HNSW32'], help='of faiss'
    )
    args = parse.parse_args()
    number, factories = args.vectors, args.factory
    if args.small:
        number, factories = 20_000, ['IVF64,SQ8', 'HNSW16']
    faiss.omp_set_num_threads(1)
    faiss.cvar.distance_compute_blas_threshold = 4  # as avtss_mm sets it
    vectors = np.concatenate(list(made_vectors(number, args.dim)))
    own = np.random.default_rng(3).choice(number, args.queries, replace=False)
    queries = noisy(vectors[own])
    flat = faiss.IndexFlatIP(args.dim)
    flat.add(vectors)
    exact, milliseconds = search(flat, queries)
    size = flat.sa_code_size() * number / 1e6
    rows = [row('Flat', '-', 0.0, size, exact, exact, own, milliseconds)]
    del flat
    for factory in tqdm(factories, disable=None):
        begin = time.perf_counter()
        index = faiss.index_factory(args.dim, factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            lists = faiss.extract_index_ivf(index).nlist
            index.train(vectors[:: max(number // max(200_000, 78 * lists), 1)])
        index.add(vectors)
        built = time.perf_counter() - begin
        size = len(faiss.serialize_index(index)) / 1e6
        name, values = ('efSearch', EF) if 'HNSW' in factory else ('nprobe', PROBES)
        for value in values:
            faiss.ParameterSpace().set_index_parameter(index, name, value)
            found, milliseconds = search(index, queries)
            rows.append(
                row(factory, f'{name} {value}', built, size, exact, found, own, milliseconds)
            )
        del index
    title = f'{number:,} vectors of {args.dim} dimensions, {len(queries):,} queries'
    report('vector_recall', {title: rows}, args.out)


def row(factory, setting, built, size, exact, found, own, milliseconds) -> dict:
    """A row of the table."""
    recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact, found)])
    first = float((found[:, 0] == own).mean())
    measured = {'recall': float(recall), 'copy first': first, 'search ms': milliseconds}
    return {'index': factory, 'setting': setting, 'build s': built, 'MB': size, **measured}


if __name__ == '__main__':
    main()
