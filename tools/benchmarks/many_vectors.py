#!/usr/bin/env python
"""Rehearsal at full length: an index of 10 million chunks, as 1.1 million clips of AudioSet have.

python tools/benchmarks/many_vectors.py DIR --out OUT                           10,000,000 in faiss
python tools/benchmarks/many_vectors.py DIR --vectors 1000000 --backend milvus \
    --milvus-uri http://HOST:19530 --factory Flat --out OUT

The vectors are made (:func:`vector_recall.made_vectors`), ten a file, of the dimension of the
shipped weights. Each step is a process of its own, as the commands are: fill the catalog; whiten,
calibrate and fill the back-end; open it again and search for noisy copies; add and delete files.
DIR is deleted at the end.
"""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from pathlib import Path

import numpy as np
from measuring import apart, parser, report
from tqdm import tqdm
from vector_recall import FILE, made_vectors, noisy

from avtss_mm.fingerprint.index.backends import drop_vectors
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.indexing import finish
from avtss_mm.fingerprint.search import match_chunks

TIMES = np.arange(FILE)[:, None] + [0.0, 2.0]


def add_files(index: FingerprintIndex, number: int, seed: int = 0) -> None:
    """Adds files of made vectors, each as the command does it."""
    for block, vectors in enumerate(made_vectors(number * FILE, seed)):
        for place, rows in enumerate(vectors.reshape(-1, FILE, vectors.shape[1])):
            name = f'/videos/{seed}/{block:04d}/{place:05d}.mp4'
            index.catalog.replace(name, '0', dict(video=(TIMES, rows, 0)))


def fill_catalog(folder: Path, number: int, metadata: dict) -> None:
    with FingerprintIndex(folder, write=True) as index:
        index.catalog.set_metadata(chunk=2.0, **metadata)
        add_files(index, number)


def fill_backend(folder: Path) -> None:
    with FingerprintIndex(folder, write=True) as index:
        finish(index)


def open_index(folder: Path) -> None:
    with FingerprintIndex(folder) as index:
        index.vectors('video')


def query(folder: Path, number: int) -> dict:
    """Searches for copies of files; returns the share found and the median time."""
    found, taken = [], []
    with FingerprintIndex(folder) as index:
        index.vectors('video')
        paths = sorted(index.catalog.files)
        for place in np.linspace(0, len(paths) - 1, number).astype(int):
            track = index.catalog.files[paths[place]].tracks['video']
            ((_, rows),) = index.catalog.vectors([track])
            begin = time.perf_counter()
            matches = match_chunks(index, 'query', dict(video=(TIMES, noisy(rows))))
            taken.append(time.perf_counter() - begin)
            found.append(bool(matches) and matches[0].video == paths[place])
    return {'copies found': float(np.mean(found)), 'query ms': float(np.median(taken)) * 1e3}


def change(folder: Path, number: int) -> None:
    """Adds files to the index."""
    with FingerprintIndex(folder, write=True) as index:
        add_files(index, number, seed=1)
        finish(index)


def delete(folder: Path) -> int:
    """Deletes these files again; returns the number of vectors left."""
    with FingerprintIndex(folder, write=True) as index:
        index.catalog.remove([p for p in index.catalog.files if p.startswith('/videos/1/')])
        finish(index)
        return len(index.vectors('video'))


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('folder', type=Path, metavar='DIR', help='new folder, for the index')
    parse.add_argument('--vectors', type=int, default=10_000_000, help='(%(default)s)')
    parse.add_argument('--backend', default='faiss', choices=['faiss', 'milvus'])
    parse.add_argument('--factory', default='IVF4096,SQ8', help='kind of index (%(default)s)')
    parse.add_argument('--milvus-uri', help='of a server')
    args = parse.parse_args()
    if args.folder.exists():
        sys.exit(f'error: {args.folder} exists')
    files = (3000 if args.small else args.vectors) // FILE
    changed = min(1000, files // 10)
    metadata = dict(backend=args.backend, factory=args.factory, milvus_uri=args.milvus_uri)
    metadata['collection'] = f'avtss_{uuid.uuid4().hex}'
    rows = []

    def step(what: str, function, *arguments):
        begin = time.perf_counter()
        result, peak = apart(function, args.folder, *arguments)
        rows.append({'': what, 's': time.perf_counter() - begin, 'peak MB': peak})
        size = sum(p.stat().st_size for p in args.folder.rglob('*') if p.is_file())
        tqdm.write(f'{rows[-1]}, {size / 1e6:,.0f} MB on disk')
        return result, size / 1e6

    try:
        step('fill the catalog', fill_catalog, files, metadata)
        _, size = step('whiten, calibrate, fill the back-end', fill_backend)
        step('open it', open_index)
        queries, _ = step('open it, 50 queries', query, 50)
        step(f'open it, add {changed:,} files', change, changed)
        left, _ = step(f'open it, delete {changed:,} files', delete)
        if left != files * FILE:
            sys.exit(f'error: {left:,} vectors are left, not {files * FILE:,}')
    finally:
        drop_vectors(metadata)
        shutil.rmtree(args.folder, ignore_errors=True)
    title = f'{files * FILE:,} chunks in {args.backend} {args.factory} (lower is better)'
    report('many_vectors', {title: rows, 'queries': [{**queries, 'disk MB': size}]}, args.out)


if __name__ == '__main__':
    main()
