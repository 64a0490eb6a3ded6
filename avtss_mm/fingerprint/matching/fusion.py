"""Fuses the segments found by video and audio."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from ..time_map import TimeMap
from .segments import Segment


def fuse(found: list[tuple[Segment, str]]) -> list[tuple[Segment, str]]:
    """Joins each video segment with the best audio segment that agrees with it.

    Args:
        found: Segments, each with the modality that found it, ``'v'`` or ``'a'``.

    Returns:
        list: Segments with the modalities that found them, ``'av'`` for joined ones. These have the
        speed and position of the one with the higher score, and the score ``1 - (1 - score_v) * (1
        - score_a)``.
    """
    pictures = [segment for segment, letter in found if letter == 'v']
    sounds = defaultdict(list)
    for segment, letter in found:
        if letter == 'a':
            sounds[segment.video].append(segment)
    fused = []
    for one in sorted(pictures, key=lambda segment: -segment.score):
        same = [other for other in sounds[one.video] if _agree(one, other)]
        if not same:
            fused.append((one, 'v'))
            continue
        other = max(same, key=lambda segment: segment.score)
        sounds[one.video].remove(other)
        better = max(one, other, key=lambda segment: segment.score)
        line = TimeMap.of(better)
        start, end = min(one.query_start, other.query_start), max(one.query_end, other.query_end)
        joined = replace(
            better,
            query_start=start,
            query_end=end,
            video_start=max(line.reference(start), 0.0),
            video_end=line.reference(end),
            score=1 - (1 - one.score) * (1 - other.score),
        )
        fused.append((joined, 'av'))
    return fused + [(segment, 'a') for left in sounds.values() for segment in left]


def _agree(one: Segment, other: Segment, tolerance: float = 2.0) -> bool:
    """Whether two segments of a video agree up to some seconds."""
    start = max(one.query_start, other.query_start)
    end = min(one.query_end, other.query_end)
    if end <= start:
        return False
    middle = (start + end) / 2
    places = [TimeMap.of(segment).reference(middle) for segment in (one, other)]
    return abs(places[0] - places[1]) <= tolerance
