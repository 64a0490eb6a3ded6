"""A sample of the chunks of an index with which files are compared to calibrate it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property, partial

import numpy as np

from ..matching.whitening import Whitening
from .index import FingerprintIndex
from .index_whitening import by_path
from .tables import Track

GALLERY = 50_000
"""Maximum number of chunks to compare files with."""

LOWEST, HIGHEST = 0.5, 0.75
"""Range of the similarity that unrelated files reach: some of a kind are more alike than most
others, and most files may be copies."""

FILES, CHUNKS = 100, 16
"""Maximum number of files to search for, and of chunks of each."""


class Sample:
    """G chunks of a modality with which files are compared, ordered by file.

    Args:
        index: Index.
        modality: Modality, ``'video'`` or ``'audio'``.
        left_out: Ids of files that do not count, as if they were not indexed. Defaults to none.

    Attributes:
        files: Id of the file of each chunk (G,).
        whiten: Function that whitens vectors (m, D).
        middles: Mid-times of the chunks in seconds (G,).
        vectors: Whitened vectors (G, D).
    """

    def __init__(
        self, index: FingerprintIndex, modality: str, left_out: Collection[int] = ()
    ) -> None:
        self.index, self.modality = index, modality
        self._alike_files: dict[int, np.ndarray] = {}
        tracks = by_path(index.catalog, modality)
        tracks = [track for track in tracks if track.file not in left_out]
        chunks = sum(len(track.times) for track in tracks)
        tracks = spread(tracks, max(2, len(tracks) * GALLERY // max(chunks, 1)))
        self.files = np.repeat([t.file for t in tracks], [len(t.times) for t in tracks]).astype(int)
        if tracks:
            vectors = np.concatenate([rows for _, rows in index.catalog.vectors(tracks)])
            whiten = Whitening.of(vectors) if left_out else partial(index.whiten, modality)
            self.whiten, self.vectors = whiten, whiten(vectors)
            self.middles = np.concatenate([index.middles(track) for track in tracks])

    def asked(self) -> list[Track]:
        """Selects some of the tracks, evenly spread."""
        return spread(by_path(self.index.catalog, self.modality), FILES)

    def compared(self, track: Track) -> tuple[np.ndarray, np.ndarray]:
        """Mid-times (m,) of the chunks in the middle of a track, and their similarities (m, G)."""
        ((_, rows),) = self.index.catalog.vectors([track])
        first = max(len(rows) - CHUNKS, 0) // 2
        part = slice(first, first + CHUNKS)
        return self.index.middles(track)[part], self.similarity(rows[part])

    def similarity(self, rows: np.ndarray) -> np.ndarray:
        """Similarities (m, G) of vectors (m, D)."""
        return self.whiten(rows) @ self.vectors.T

    def without(self, files: Collection[int]) -> Sample:
        """The sample as if files were not indexed."""
        return Sample(self.index, self.modality, files)

    def copies(self, track: Track) -> np.ndarray:
        """Which chunks (G,) belong to the track's file or to a copy of it."""
        return np.isin(self.files, self.copies_of(track))

    def copies_of(self, track: Track) -> np.ndarray:
        """Ids of the track's file and of its copies."""
        alike = self._alike(track) > self._limit
        return np.union1d([track.file], self.files[self._starts][alike])

    @cached_property
    def _starts(self) -> np.ndarray:
        """Index of the first chunk of each file."""
        return np.flatnonzero(np.diff(self.files, prepend=-1))

    @cached_property
    def _limit(self) -> float:
        """Maximum similarity of two files that are not copies."""
        pairs = []
        for track in self.asked():
            others = self.files[self._starts] != track.file
            pairs.append(self._alike(track)[others])
        pairs = np.concatenate(pairs)
        if not len(pairs):
            return HIGHEST
        limit = extrapolated(pairs, np.linspace(0.05, 0.4, 8), 0.999)
        return min(max(limit, LOWEST), HIGHEST)

    def _alike(self, track: Track) -> np.ndarray:
        """Similarities of files (F,): the mean over the chunks' best similarities in each file."""
        if track.id not in self._alike_files:
            best = np.maximum.reduceat(self.compared(track)[1], self._starts, axis=1)
            self._alike_files[track.id] = best.mean(axis=0)
        return self._alike_files[track.id]


def spread(items: list, number: int) -> list:
    """Selects at most ``number`` items, evenly spread."""
    places = np.linspace(0, len(items) - 1, min(number, len(items)))
    return [items[int(place)] for place in places]


def extrapolated(values: np.ndarray, shares: np.ndarray, share: float) -> float:
    """Quantile of the Gumbel distribution fitted to the lower quantiles of the values.

    The best scores among many unrelated files follow it, while copies are in the upper quantiles.
    Infinite if too little was found.
    """
    quantiles = np.quantile(values, shares)
    told = quantiles > 0  # 0: nothing was found
    if told.mean() < 0.5:
        return np.inf
    scale, mode = np.polyfit(_gumbel(shares[told]), quantiles[told], 1)
    return float(mode + scale * _gumbel(share))


def _gumbel(share):
    """Quantiles of the Gumbel distribution with mode 0 and scale 1."""
    return -np.log(-np.log(share))
