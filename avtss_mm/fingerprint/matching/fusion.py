"""What picture and sound say together."""

from __future__ import annotations

from dataclasses import replace

from .segments import Segment


def fuse(found: list[tuple[Segment, str]]) -> list[tuple[Segment, str]]:
    """Joins each segment of the picture with the best of the sound that says the same.

    Args:
        found: Segments and ``'v'`` or ``'a'``, the modality that each was found by.

    Returns:
        list: Segments and the modalities that found them, ``'av'`` for joined ones: these have the
        speed and place of the surer one, and the score ``1 - (1 - score_v) * (1 - score_a)``.
    """
    pictures = [segment for segment, letter in found if letter == 'v']
    sounds = [segment for segment, letter in found if letter == 'a']
    fused = []
    for one in sorted(pictures, key=lambda segment: -segment.score):
        same = [other for other in sounds if _agree(one, other)]
        if not same:
            fused.append((one, 'v'))
            continue
        other = max(same, key=lambda segment: segment.score)
        sounds.remove(other)
        better = max(one, other, key=lambda segment: segment.score)
        start, end = min(one.query_start, other.query_start), max(one.query_end, other.query_end)
        joined = replace(
            better,
            query_start=start,
            query_end=end,
            video_start=max(_at(better, start), 0.0),
            video_end=_at(better, end),
            score=1 - (1 - one.score) * (1 - other.score),
        )
        fused.append((joined, 'av'))
    return fused + [(segment, 'a') for segment in sounds]


def _agree(one: Segment, other: Segment, tolerance: float = 2.0) -> bool:
    """Whether two segments tell of the same stretch, to some seconds."""
    start = max(one.query_start, other.query_start)
    end = min(one.query_end, other.query_end)
    if one.video != other.video or end <= start:
        return False
    middle = (start + end) / 2
    return abs(_at(one, middle) - _at(other, middle)) <= tolerance


def _at(segment: Segment, time: float) -> float:
    """Seconds of the known video at a time of the query."""
    return segment.video_start + segment.speed * (time - segment.query_start)
