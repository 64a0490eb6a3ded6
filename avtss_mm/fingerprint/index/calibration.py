"""From which score on a match is one.

Read off the index itself: each of its files is asked for among the others, which are strangers to
it but for some copies. The best score of many strangers is distributed as Gumbel says. That is
fitted to the lower quantiles of what was found, as copies are in the upper ones; the threshold is
the score that 1 % of strangers reach.
"""

from __future__ import annotations

import numpy as np

from ..matching.fusion import fuse
from ..matching.segments import Hits, Segment, find_segments
from .index import LETTERS, FingerprintIndex
from .index_whitening import by_path
from .tables import Track

FALLBACK = dict(v=0.4, a=0.4, av=0.64)
"""Of an index with fewer than ``FEWEST`` files, or where most have a copy: they cannot tell."""

FEWEST = 10
FALSE_ALARMS = 0.01
LOWEST = 0.05
"""A threshold is no lower, whatever the files say: they are few."""

GALLERY = 50_000
"""Chunks that files are compared with, at most."""

FILES, CHUNKS = 100, 16
"""Files that are asked for, and chunks of each, at most."""


def calibrate(index: FingerprintIndex, topk: int = 20) -> dict[str, float]:
    """Thresholds of matches by ``'v'``, ``'a'`` and ``'av'``; the same for the same files.

    Args:
        index: What is indexed.
        topk: Hits that a query takes of each chunk.
    """
    galleries = {letter: _Gallery(index, name) for name, letter in LETTERS.items()}
    scores = {'v': [], 'a': [], 'av': []}
    for file in _spread(sorted(index.catalog.files.values(), key=lambda f: f.path), FILES):
        found = {
            letter: galleries[letter].strangers(file.tracks[name], topk)
            for name, letter in LETTERS.items()
            if name in file.tracks and len(file.tracks[name].times)
        }
        for letter, segments in found.items():
            scores[letter].append(_best(segments))
        if len(found) == 2:
            both = [(segment, letter) for letter in found for segment in found[letter]]
            scores['av'].append(_best([segment for segment, _ in fuse(both)]))
    thresholds = dict(FALLBACK)
    for letter, values in scores.items():
        if len(values) >= FEWEST:
            limited = np.clip(_threshold(values), LOWEST, FALLBACK[letter])
            thresholds[letter] = round(float(limited), 4)
    return thresholds


def _best(segments: list[Segment]) -> float:
    return max((segment.score for segment in segments), default=0.0)


def _threshold(scores: list[float]) -> float:
    """The score that a stranger stays below in all but 1 % of cases."""
    shares = np.linspace(0.1, 0.6, 11)
    scale, mode = np.polyfit(_gumbel(shares), np.quantile(scores, shares), 1)
    return mode + scale * _gumbel(1 - FALSE_ALARMS)


def _gumbel(share):
    """Quantile of Gumbel's distribution of mode 0 and scale 1."""
    return -np.log(-np.log(share))


class _Gallery:
    """Chunks of a modality that files are compared with."""

    def __init__(self, index: FingerprintIndex, modality: str) -> None:
        self.index, self.modality = index, modality
        tracks = by_path(index.catalog, modality)
        chunks = sum(len(track.times) for track in tracks)
        tracks = _spread(tracks, max(2, len(tracks) * GALLERY // max(chunks, 1)))
        if tracks:
            vectors = np.concatenate([rows for _, rows in index.catalog.vectors(tracks)])
            self.vectors = index.whiten(modality, vectors)
            self.files = np.concatenate([np.full(len(t.times), t.file) for t in tracks])
            self.middles = np.concatenate([t.times.mean(axis=1) for t in tracks])

    def strangers(self, track: Track, topk: int) -> list[Segment]:
        """Segments of other files that the middle of a track is like."""
        ((_, rows),) = self.index.catalog.vectors([track])
        first = max(len(rows) - CHUNKS, 0) // 2
        part = slice(first, first + CHUNKS)
        others = np.flatnonzero(self.files != track.file)
        if not len(others):
            return []
        similarity = self.index.whiten(self.modality, rows[part]) @ self.vectors[others].T
        topk = min(topk, len(others))
        best = np.argpartition(-similarity, topk - 1, axis=1)[:, :topk]
        asked = np.repeat(track.times[part].mean(axis=1), topk)
        alike = np.take_along_axis(similarity, best, axis=1).ravel()
        found = others[best].ravel()
        return find_segments(Hits(asked, self.files[found], self.middles[found], alike))


def _spread(items: list, number: int) -> list:
    """At most that many, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(number, len(items)))
    return [items[int(place)] for place in places]
