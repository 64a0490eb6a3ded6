"""What indexing and searching clips costs, by kind of descriptor: for ``fingerprint_index.py``."""

from __future__ import annotations

import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np
from fingerprint_parts import chosen, features, filled, installed_kinds
from mmengine.logging import MMLogger
from tqdm import tqdm

from avtss_mm.apis.encoder import SHIPPED
from avtss_mm.fingerprint.choices import LETTERS, SIDES, installed
from avtss_mm.fingerprint.descriptors import PerceptualHash
from avtss_mm.fingerprint.embedding import chunk_embedder
from avtss_mm.fingerprint.search import match_chunks
from avtss_mm.media import find_media, probe

DESCRIBING = ('MelSpectrogram', PerceptualHash.__name__, 'fpcalc', 'networks')
"""Steps that make descriptors of what was decoded."""

UNUSED_BY_CHROMAPRINT = ('AVDecode', 'MelSpectrogram')
"""Steps of the networks' sound; Chromaprint reads its own."""

FILE = 200
"""Chunks of a file in the indices of made vectors."""


def costs(folder: Path, sizes: Collection[int], repeat: int) -> list[dict]:
    """Measures each kind on the clips of a folder that have picture and sound.

    Returns:
        list[dict]: Processor time by kind: hours of media indexed in an hour of a core, ms for each
        second of media (decoding, descriptors, writing), ms of a search by number of chunks.
    """
    MMLogger.get_current_instance().setLevel('WARNING')
    paths = {name: probe(folder / name) for name in sorted(find_media(folder))}
    paths = {name: facts['duration'] for name, facts in paths.items() if facts['has_audio']}
    media, kinds = sum(paths.values()), installed_kinds()
    chunks = features(dict(checkpoint=SHIPPED, descriptors=installed()), folder, list(paths), 1.0)
    rounds = {kind: [] for kind in kinds}
    for _ in tqdm(range(repeat), 'rounds'):
        for kind, letters in kinds.items():
            spent = described([folder / name for name in paths], letters)
            describe = sum(spent.pop(name, 0) for name in DESCRIBING)
            with tempfile.TemporaryDirectory() as out:
                write = cpu(partial(write_index, out, chunks, letters))
            rounds[kind].append((sum(spent.values()), describe, write))
    lines = []
    for kind, letters in kinds.items():
        parts = [statistics.median(column) for column in zip(*rounds[kind])]
        line = {'descriptors': kind, 'hours in a core hour': media / sum(parts)}
        names = ('decode', 'describe', 'write')
        line.update((f'{name}, ms/s', part * 1e3 / media) for name, part in zip(names, parts))
        dims = {name: track[1].shape[1] for name, track in next(iter(chunks.values())).items()}
        for size in sizes:
            line[f'search {size:,} chunks, ms'] = search(dims, letters, size, repeat)
        lines.append(line)
    return lines


def write_index(folder: str, references: dict, letters: str) -> None:
    filled(folder, references, letters).close()


def described(paths: list[Path], letters: str) -> Counter:
    """Reads and describes files as ``avtss-fp index`` does, without processes of its own.

    Returns:
        Counter: Seconds of processor time by transform, of ``fpcalc`` and of the networks.
    """
    names = [name for name in installed() if LETTERS[name] in letters]
    embedder = chunk_embedder(SHIPPED, descriptors=names)
    sides = {SIDES[letter] for letter in letters}
    modalities = tuple(name for name in embedder.modalities if LETTERS[name] in sides)
    reader, spent = embedder.clip_reader(modalities), Counter()
    for steps in (reader._opening, reader._making):
        steps[:] = [partial(_timed, spent, step) for step in steps]
    for path in paths:
        for clips in reader.read(path, embedder.batch_size):
            if 'v' in letters:
                spent['networks'] += cpu(partial(embedder.encode, clips))
    if letters == 'c':
        for name in UNUSED_BY_CHROMAPRINT:
            del spent[name]
    return spent


def _timed(spent: Counter, step: Callable, results: dict) -> dict:
    own, of_others = _seconds(RUSAGE_SELF), _seconds(RUSAGE_CHILDREN)
    results = step(results)
    spent[type(step).__name__] += _seconds(RUSAGE_SELF) - own
    spent['fpcalc'] += _seconds(RUSAGE_CHILDREN) - of_others
    return results


def search(dims: dict[str, int], letters: str, size: int, repeat: int) -> float:
    """Milliseconds to match a query of 17 chunks in an index of random vectors."""
    rng = np.random.default_rng(0)

    def draw(number: int, stride: float) -> dict:
        times = np.arange(number)[:, None] * stride + [0.0, 2.0]
        tracks = {name: (times, rng.normal(size=(number, dim))) for name, dim in dims.items()}
        return {
            name: (times, (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32))
            for name, (times, x) in chosen(tracks, letters).items()
        }

    with tempfile.TemporaryDirectory() as out:
        files = {f'/{number}.mp4': draw(FILE, 1.0) for number in range(size // FILE)}
        with filled(out, files, letters) as index:
            query = draw(17, 0.5)
            match_chunks(index, 'query', query)  # opens the vectors
            runs = [cpu(lambda: match_chunks(index, 'query', query)) for _ in range(repeat)]
    return statistics.median(runs) * 1e3


def cpu(run: Callable[[], object]) -> float:
    """Seconds of processor time of a run."""
    before = _seconds(RUSAGE_SELF)
    run()
    return _seconds(RUSAGE_SELF) - before


def _seconds(who: int) -> float:
    used = getrusage(who)
    return used.ru_utime + used.ru_stime
