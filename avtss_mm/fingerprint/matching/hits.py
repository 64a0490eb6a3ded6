"""The chunks that a search has found for those of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BASE_VOTE = 0.05
"""Share of a hit's similarity that always votes, whatever other hits its chunk has."""


@dataclass(frozen=True)
class Hits:
    """Chunks of a query and the chunks of gallery videos that a search has found for them.

    Attributes:
        query_time: Mid-time of the query chunk in seconds (H,).
        video: Integer id of the found video (H,).
        video_time: Mid-time of the found chunk in seconds (H,).
        similarity: Similarity of the two (H,); hits that are not above 0 are ignored.
        level: Similarity that unrelated videos reach for the query chunk (H,). Defaults to None:
            that of the chunk's weakest hit.
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
        """Concatenates the hits of several searches; all or none of them have a ``level``."""
        columns = zip(*(vars(part).values() for part in parts))
        return cls(*(None if c[0] is None else np.concatenate(c) for c in columns))

    def take(self, rows: np.ndarray) -> Hits:
        """Selects hits by an index or a mask."""
        columns = vars(self).values()
        return Hits(*(None if c is None else np.asarray(c)[rows] for c in columns))

    def margins(self) -> Hits:
        """Drops duplicates and hits that are not above 0; sorts by margin, largest first.

        ``similarity`` becomes the margin above ``level``, plus a twentieth of the similarity.
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
    """Lowest similarity among the hits of the same chunk (H,)."""
    times, chunk = np.unique(query_time, return_inverse=True)
    weakest = np.full(len(times), np.inf)
    np.minimum.at(weakest, chunk, similarity)
    return weakest[chunk]
