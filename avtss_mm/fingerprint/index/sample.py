"""Chunks of an index that stand for all: what its files are compared with to calibrate it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .index import FingerprintIndex
from .index_whitening import by_path
from .tables import Track

GALLERY = 50_000
"""Chunks that files are compared with, at most."""

HIGHEST = 0.75
"""Similarity that strangers do not reach, whatever the files say: most of them may be copies."""

FILES, CHUNKS = 100, 16
"""Files that are asked for, and chunks of each, at most."""


class Sample:
    """Chunks (G) of a modality that files are compared with, file by file.

    Attributes:
        files: Id of the file of each chunk (G,).
        middles: Of the chunks in seconds (G,).
        vectors: Whitened (G, D).
    """

    def __init__(self, index: FingerprintIndex, modality: str) -> None:
        self.index, self.modality = index, modality
        tracks = by_path(index.catalog, modality)
        chunks = sum(len(track.times) for track in tracks)
        tracks = spread(tracks, max(2, len(tracks) * GALLERY // max(chunks, 1)))
        self.files = np.repeat([t.file for t in tracks], [len(t.times) for t in tracks]).astype(int)
        if tracks:
            vectors = np.concatenate([rows for _, rows in index.catalog.vectors(tracks)])
            self.vectors = index.whiten(modality, vectors)
            self.middles = np.concatenate([index.middles(track) for track in tracks])

    def asked(self) -> list[Track]:
        """Some of the tracks, spread evenly."""
        return spread(by_path(self.index.catalog, self.modality), FILES)

    def compared(self, track: Track) -> tuple[np.ndarray, np.ndarray]:
        """Middles (m,) of the chunks in the middle of a track, and their similarity (m, G)."""
        ((_, rows),) = self.index.catalog.vectors([track])
        first = max(len(rows) - CHUNKS, 0) // 2
        part = slice(first, first + CHUNKS)
        similarity = self.index.whiten(self.modality, rows[part]) @ self.vectors.T
        return self.index.middles(track)[part], similarity

    def copies(self, track: Track, similarity: np.ndarray) -> np.ndarray:
        """Which chunks (G,) are those of the track's file, or of one as alike as only copies are.

        Args:
            track: What was compared.
            similarity: As of :meth:`compared`.
        """
        alike = self._alike(similarity) > self._limit
        return np.isin(self.files, [track.file, *self.files[self._starts][alike]])

    @cached_property
    def _starts(self) -> np.ndarray:
        """Number of the first chunk of each file."""
        return np.flatnonzero(np.diff(self.files, prepend=-1))

    @cached_property
    def _limit(self) -> float:
        """How alike two files are that are no copies, at most."""
        pairs = []
        for track in self.asked():
            others = self.files[self._starts] != track.file
            pairs.append(self._alike(self.compared(track)[1])[others])
        pairs = np.concatenate(pairs)
        if not len(pairs):
            return HIGHEST
        return min(extrapolated(pairs, np.linspace(0.05, 0.4, 8), 0.999), HIGHEST)

    def _alike(self, similarity: np.ndarray) -> np.ndarray:
        """How alike files (F,) are: the mean, over chunks (m, G), of the best of each file."""
        return np.maximum.reduceat(similarity, self._starts, axis=1).mean(axis=0)


def spread(items: list, number: int) -> list:
    """At most that many, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(number, len(items)))
    return [items[int(place)] for place in places]


def extrapolated(values: np.ndarray, shares: np.ndarray, share: float) -> float:
    """A quantile of the values, had all of them the Gumbel distribution of their lower quantiles.

    The best of many strangers is distributed like that; copies are in the upper quantiles.
    Infinity where too little was found to tell.
    """
    quantiles = np.quantile(values, shares)
    told = quantiles > 0  # 0: nothing was found
    if told.mean() < 0.5:
        return np.inf
    scale, mode = np.polyfit(_gumbel(shares[told]), quantiles[told], 1)
    return float(mode + scale * _gumbel(share))


def _gumbel(share):
    """Quantiles of Gumbel's distribution of mode 0 and scale 1."""
    return -np.log(-np.log(share))
