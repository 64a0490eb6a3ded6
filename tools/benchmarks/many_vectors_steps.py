"""Steps of many_vectors.py on an index; each runs in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from vector_recall import FILE, made_vectors, noisy

from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.indexing import finish
from avtss_mm.fingerprint.search import match_chunks

TIMES = np.arange(FILE)[:, None] + [0.0, 2.0]


def add_files(index: FingerprintIndex, number: int, dim: int, seed: int = 0) -> None:
    """Adds files of made vectors, each as the command does it."""
    for block, vectors in enumerate(made_vectors(number * FILE, dim, seed)):
        for place, rows in enumerate(vectors.reshape(-1, FILE, dim)):
            name = f'/videos/{seed}/{block:04d}/{place:05d}.mp4'
            index.catalog.replace(name, '0', dict(video=(TIMES, rows, 0)))


def fill_catalog(folder: Path, number: int, dim: int, metadata: dict) -> None:
    with FingerprintIndex(folder, write=True) as index:
        index.catalog.set_metadata(chunk=2.0, **metadata)
        add_files(index, number, dim)


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


def change(folder: Path, number: int, dim: int) -> None:
    """Adds files to the index."""
    with FingerprintIndex(folder, write=True) as index:
        add_files(index, number, dim, seed=1)
        finish(index)


def delete(folder: Path) -> int:
    """Deletes these files again; returns the number of vectors left."""
    with FingerprintIndex(folder, write=True) as index:
        index.catalog.remove([p for p in index.catalog.files if p.startswith('/videos/1/')])
        finish(index)
        return len(index.vectors('video'))
