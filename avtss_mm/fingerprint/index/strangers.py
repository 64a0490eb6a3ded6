"""The similarity that unrelated chunks ("strangers") reach, from which copies must stand out.

A chunk of a query resembles many unrelated chunks to some degree. Its level is the similarity of
the 20th best of these. Copies must not count: if a clip is indexed 50 times, the 20th best hit is a
copy. Hits above a ceiling, which unrelated chunks hardly reach, are therefore skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...workers.progress import late_bar
from .index import FingerprintIndex
from .sample import HIGHEST, Sample, extrapolated

RANK = 20
"""Rank of the unrelated chunk whose similarity is the level."""

MOST = 16_384
"""Maximum number of candidates per chunk: Milvus returns no more."""


class Candidates(NamedTuple):
    """Hits that stand out: index of the query chunk, id of the found chunk, similarity, level."""

    chunk: np.ndarray
    id: np.ndarray
    similarity: np.ndarray
    level: np.ndarray


def find_candidates(
    search: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]],
    vectors: np.ndarray,
    number: int,
    topk: int = RANK,
    ceiling: float = 1.0,
) -> Candidates:
    """Finds all chunks whose similarity to a query chunk reaches its level.

    Args:
        search: Function that returns similarities (n, k), highest first, and ids (n, k) for vectors
            (n, D) and k.
        vectors: Whitened vectors of the query chunks (q, D).
        number: Number of vectors in the index.
        topk: Number of results of the first search; more are requested until all are found. It
            only affects the time.
        ceiling: Ceiling, see :func:`find_ceiling`.
    """
    rows, found = np.arange(len(vectors)), []
    k, most = max(topk, RANK), min(number, MOST)
    while len(rows):
        k = min(k, most)
        similarity, ids = search(vectors[rows], k)
        similarity = np.where(ids < 0, -np.inf, similarity)
        last = (similarity >= ceiling).sum(axis=1) + RANK - 1
        enough = (last < k) | (k == most)
        level = np.take_along_axis(similarity, last.clip(max=k - 1)[:, None], axis=1)
        level = level.clip(0, ceiling)
        chunk, place = np.nonzero((similarity >= level) & enough[:, None])
        columns = (rows[chunk], ids[chunk, place], similarity[chunk, place], level[chunk, 0])
        found.append(columns)
        rows, k = rows[~enough], 4 * k
    return Candidates(*(np.concatenate(column) for column in zip(*found)))


def ceiling_of(index: FingerprintIndex, modality: str) -> float:
    """Ceiling stored in an index; computed now if an older version made the index."""
    kept = index.catalog.metadata.get('ceilings', {})
    if modality not in kept and modality not in index.ceilings:
        index.ceilings[modality] = find_ceiling(Sample(index, modality))
    return kept.get(modality) or index.ceilings.get(modality, 0.0)


def find_ceiling(sample: Sample) -> float:
    """Similarity that the 20th best unrelated chunk reaches in at most 1 % of cases.

    Files that are as similar as only copies are do not count.
    """
    levels = []
    for track in late_bar(sample.asked(), f'calibration ({sample.modality})'):
        strangers = sample.compared(track)[1][:, ~sample.copies(track)]
        if strangers.size:
            rank = min(RANK, strangers.shape[1])
            levels.append(np.partition(strangers, -rank, axis=1)[:, -rank])
    if not levels:
        return HIGHEST
    level = extrapolated(np.concatenate(levels), np.linspace(0.1, 0.6, 11), 0.99)
    return round(float(np.clip(level, 0.0, HIGHEST)), 4)
