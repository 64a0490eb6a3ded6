"""What strangers reach: the level that a copy's similarity must stand out from.

A chunk of a query is a bit like many chunks that have nothing to do with it. The similarity of the
20th best of these is its level. Copies must not count: of a clip that is indexed 50 times, the 20th
best hit is a copy. So hits from a ceiling on, which strangers hardly reach, are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .index import FingerprintIndex
from .sample import HIGHEST, Sample, extrapolated

RANK = 20
"""Rank of the stranger whose similarity is a chunk's level."""

MOST = 16_384
"""Candidates of a chunk, at most: Milvus gives no more."""


class Candidates(NamedTuple):
    """What stands out: number of the query's chunk, id of the chunk found, similarity, level."""

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
    """All that is as like a query's chunks (q, D) as their level; more is asked for until it ends.

    Args:
        search: Gives similarities (n, k), highest first, and ids (n, k) for vectors (n, D) and k.
        vectors: Whitened.
        number: Of vectors that are searched.
        topk: How many are asked for at first; it decides about the time that is taken only.
        ceiling: As of :func:`find_ceiling`.
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


def find_ceilings(index: FingerprintIndex) -> dict[str, float]:
    """By ``'video'`` and ``'audio'``, of those that are in an index: :func:`find_ceiling`."""
    names = {track.modality for track in index.catalog.tracks.values()}
    return {name: find_ceiling(Sample(index, name)) for name in sorted(names)}


def ceiling_of(index: FingerprintIndex, modality: str) -> float:
    """The ceiling that an index keeps; in one of an older version it is found now."""
    kept = index.catalog.metadata.get('ceilings', {})
    if modality not in kept and modality not in index.ceilings:
        index.ceilings[modality] = find_ceiling(Sample(index, modality))
    return kept.get(modality) or index.ceilings.get(modality, 0.0)


def find_ceiling(sample: Sample) -> float:
    """The similarity that the 20th best stranger of a chunk reaches in 1 % of cases, at most.

    Whole files that are as alike as only copies are do not count.
    """
    levels = []
    for track in sample.asked():
        _, similarity = sample.compared(track)
        strangers = similarity[:, ~sample.copies(track, similarity)]
        if strangers.size:
            rank = min(RANK, strangers.shape[1])
            levels.append(np.partition(strangers, -rank, axis=1)[:, -rank])
    if not levels:
        return HIGHEST
    level = extrapolated(np.concatenate(levels), np.linspace(0.1, 0.6, 11), 0.99)
    return round(float(np.clip(level, 0.0, HIGHEST)), 4)
