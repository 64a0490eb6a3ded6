#!/usr/bin/env python
"""Rehearsal at full length: an index of 10 million chunks, as 1.1 million clips of AudioSet have.

python tools/benchmarks/many_vectors.py DIR --out OUT                           10,000,000 in faiss
python tools/benchmarks/many_vectors.py DIR --vectors 1000000 --backend milvus \
    --milvus-uri http://HOST:19530 --factory Flat --out OUT

The vectors are made (:func:`vector_recall.made_vectors`), ten a file. Each step is a process of its
own, as the commands are: fill the catalog; whiten, calibrate and fill the back-end; open it again
and search for noisy copies; add and delete files. DIR is deleted at the end.
"""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from pathlib import Path

from measuring import apart, parser, report
from tqdm import tqdm
from vector_recall import DIM, FILE


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('folder', type=Path, metavar='DIR', help='new folder, for the index')
    parse.add_argument('--vectors', type=int, default=10_000_000, help='(%(default)s)')
    parse.add_argument('--dim', type=int, default=DIM, help='dimensions (%(default)s)')
    parse.add_argument('--backend', default='faiss', choices=['faiss', 'milvus'])
    parse.add_argument('--factory', default='IVF4096,SQ8', help='kind of index (%(default)s)')
    parse.add_argument('--milvus-uri', help='of a server')
    args = parse.parse_args()
    import many_vectors_steps as steps  # here: torch takes seconds, and --help does not need it

    from avtss_mm.fingerprint.index.backends import drop_vectors

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
        step('fill the catalog', steps.fill_catalog, files, args.dim, metadata)
        _, size = step('whiten, calibrate, fill the back-end', steps.fill_backend)
        step('open it', steps.open_index)
        queries, _ = step('open it, 50 queries', steps.query, 50)
        step(f'open it, add {changed:,} files', steps.change, changed, args.dim)
        left, _ = step(f'open it, delete {changed:,} files', steps.delete)
        if left != files * FILE:
            sys.exit(f'error: {left:,} vectors are left, not {files * FILE:,}')
    finally:
        drop_vectors(metadata)
        shutil.rmtree(args.folder, ignore_errors=True)
    title = f'{files * FILE:,} x {args.dim} in {args.backend} {args.factory} (lower is better)'
    report('many_vectors', {title: rows, 'queries': [{**queries, 'disk MB': size}]}, args.out)


if __name__ == '__main__':
    main()
