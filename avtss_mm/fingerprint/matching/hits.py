"""Chunks that a search gave for those of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BASE_VOTE = 0.05
"""Share of a hit's similarity that votes whatever else its chunk found."""


@dataclass(frozen=True)
class Hits:
    """Chunks of a query and the chunks of gallery videos that a search gave for them.

    Attributes:
        query_time: Middle of the query's chunk in seconds (H,).
        video: Integer id of the video found (H,).
        video_time: Middle of the chunk found in seconds (H,).
        similarity: How alike the two are (H,); hits that are not above 0 are left out.
        level: Similarity that videos reach which have nothing to do with the query's chunk (H,).
            Defaults to None: that of the chunk's weakest hit.
    """

    query_time: np.ndarray
    video: np.ndarray
    video_time: np.ndarray
    similarity: np.ndarray
    level: np.ndarray | None = None

    def __post_init__(self) -> None:
        shapes = {np.shape(column) for column in vars(self).values() if column is not None}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f'the columns of hits must be equally long, got shapes {shapes}')

    def __len__(self) -> int:
        return len(self.query_time)

    @classmethod
    def joined(cls, parts: Sequence[Hits]) -> Hits:
        """The hits of several searches, which all or none have a ``level``."""
        columns = zip(*(vars(part).values() for part in parts))
        return cls(*(None if c[0] is None else np.concatenate(c) for c in columns))

    def take(self, rows: np.ndarray) -> Hits:
        """Those hits that an index or a mask selects."""
        columns = vars(self).values()
        return Hits(*(None if c is None else np.asarray(c)[rows] for c in columns))

    def margins(self) -> Hits:
        """The hits above 0, each once, most outstanding first.

        Their ``similarity`` is what it is above ``level``, and a twentieth of it.
        """
        hits = self.take(np.asarray(self.similarity) > 0)
        level = hits.level
        if level is None:
            level = weakest_of_chunk(hits.query_time, hits.similarity)
        margin = (1 + BASE_VOTE) * hits.similarity - level
        columns = np.stack([hits.query_time, hits.video, hits.video_time, margin])
        columns = np.unique(columns[:, margin > 0].astype(float), axis=1)
        columns = columns[:, (-columns[3]).argsort(kind='stable')]
        return Hits(columns[0], columns[1].astype(np.int64), *columns[2:])


def weakest_of_chunk(query_time: np.ndarray, similarity: np.ndarray) -> np.ndarray:
    """The least similarity (H,) among the hits of the same chunk."""
    times, chunk = np.unique(query_time, return_inverse=True)
    weakest = np.full(len(times), np.inf)
    np.minimum.at(weakest, chunk, similarity)
    return weakest[chunk]
