"""Limits of the thresholds, and which threshold a match has to reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from ..choices import LETTERS, SIDES
from ..matching.fusion import Found, modality_of
from ..matching.segments import Segment

FALLBACK = dict(v=0.4, a=0.5, av=0.6)
"""Thresholds if nothing was measured. Higher scores of indexed files count as these: the files may
have parts in common, such as a jingle."""

HIGHEST = dict(v=0.6, a=0.65, av=0.8)
"""Maximum thresholds, which background clips may tell."""

EVIDENCE = 0.75
"""Share of the threshold of the learned features from which fingerprints without learning count
beside them: lower scores are those of any two files."""

JOINED = '+'
"""Ends the names of the thresholds of what fingerprints without learning have helped to find."""


def threshold_name(letters: Collection[str]) -> str:
    """Name of the threshold for what these descriptors have found together."""
    return modality_of(letters) + (JOINED if set(letters) - set(SIDES.values()) else '')


def joint(
    limits: Mapping[str, float], letters: Collection[str], weights: Mapping[str, float]
) -> dict[str, float]:
    """Limits of joined scores, by modality: as these, they are 1 - (1 - s_1) * (1 - s_2).

    Args:
        limits: Limits of the learned features, by modality.
        letters: Descriptors that are joined.
        weights: Weights of the fingerprints without learning.
    """
    joined = {}
    for modality, limit in limits.items():
        rest = 1 - limit
        for letter in letters:
            if letter != SIDES[letter] and SIDES[letter] in modality:
                rest *= 1 - weights.get(letter, 1.0) * limits[SIDES[letter]]
        joined[modality] = 1 - rest
    return joined


def weighted(
    segments: Iterable[Segment],
    letter: str,
    weight: float,
    letters: Collection[str],
    thresholds: Mapping[str, float],
) -> Found:
    """Segments of a descriptor with weighted scores, without those that do not count.

    Args:
        segments: Segments that the descriptor has found.
        letter: Its letter.
        weight: Factor of the scores, which are at most 1.
        letters: Descriptors that are used together; beside learned features see ``EVIDENCE``.
        thresholds: Thresholds of the learned features, by modality.
    """
    side = SIDES[letter]
    helps = letter != side and side in letters
    least = EVIDENCE * thresholds[side] if helps else -np.inf
    scored = (replace(segment, score=min(weight * segment.score, 1.0)) for segment in segments)
    return [(segment, letter) for segment in scored if segment.score >= least]


def thresholds_of(metadata: Mapping, given: float | None = None) -> dict[str, float]:
    """Thresholds by name: the given one, or those of the index; defaults for what it lacks."""
    joined = joint(FALLBACK, LETTERS.values(), {})
    defaults = {**FALLBACK, **{name + JOINED: limit for name, limit in joined.items()}}
    if given is not None:
        return dict.fromkeys(defaults, given)
    return {**defaults, **metadata.get('thresholds', {})}
