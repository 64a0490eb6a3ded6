"""Fuses the segments that different descriptors have found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from ..choices import SIDES
from ..time_map import TimeMap
from .segments import Segment

Found = list[tuple[Segment, str]]
"""Segments, each with the letters of the descriptors that found it."""


def modality_of(letters: str) -> str:
    """Modality of descriptors: ``'v'``, ``'a'`` or ``'av'``."""
    return ''.join(sorted({SIDES[letter] for letter in letters}))


def fuse(found: Found) -> Found:
    """Joins segments that agree: first those of a modality, then those of video and audio.

    Joined segments have the speed and position of the one with the higher score, and the score
    ``1 - (1 - score_1) * (1 - score_2)``.

    Args:
        found: Segments, each with the letter of the descriptor that found it.
    """
    return _joined(*fuse_sides(found))


def fuse_sides(found: Found) -> tuple[Found, Found]:
    """Joins only the segments of one modality: returns those of video and those of audio."""
    by = defaultdict(list)
    for segment, letter in found:
        by[letter].append((segment, letter))
    return _joined(by['v'], by['h']), _joined(by['a'], by['c'])


def candidates(found: Found) -> Found:
    """What may be a match: all that was joined first, since its parts repeat it; then the parts.

    The learned features are also joined without the fingerprints that helped them, which have
    other thresholds.
    """
    video, audio = fuse_sides(found)
    learned = [pair for pair in found if pair[1] in SIDES.values()]
    alone = fuse(learned) if len(learned) < len(found) else []
    return [*_joined(video, audio), *video, *audio, *alone, *found]


def _joined(ones: Found, others: Found) -> Found:
    """Joins each segment with the best of the others that agrees with it; keeps all the rest."""
    left = defaultdict(list)
    for pair in others:
        left[pair[0].video].append(pair)
    fused = []
    for one, letters in sorted(ones, key=lambda pair: -pair[0].score):
        same = [pair for pair in left[one.video] if _agree(one, pair[0])]
        if not same:
            fused.append((one, letters))
            continue
        best = max(same, key=lambda pair: pair[0].score)
        left[one.video].remove(best)
        other = best[0]
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
        fused.append((joined, letters + best[1]))
    return fused + [pair for pairs in left.values() for pair in pairs]


def _agree(one: Segment, other: Segment, tolerance: float = 2.0) -> bool:
    """Whether two segments of a video agree up to some seconds."""
    start = max(one.query_start, other.query_start)
    end = min(one.query_end, other.query_end)
    if end <= start:
        return False
    middle = (start + end) / 2
    places = [TimeMap.of(segment).reference(middle) for segment in (one, other)]
    return abs(places[0] - places[1]) <= tolerance
