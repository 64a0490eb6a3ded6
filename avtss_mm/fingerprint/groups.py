"""Groups of indexed files with common parts: a hundred copies are one group, not 4,950 pairs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..workers.progress import bar
from .index.index import FingerprintIndex
from .matching.hits import Hits
from .search import Match, chunks_in, match_chunks

SAME = 0.5
"""Overlap (share of the union) above which two segments of a file count as the same."""


@dataclass
class Member:
    """A segment of an indexed file that other files also contain.

    Attributes:
        video: Path of the file.
        start: Start of the segment in seconds.
        end: End of the segment in seconds.
        speed: Seconds of the segment per second of the group's first member.
        score: Best score of its matches.
        modality: Modality of that match: ``'v'``: video, ``'a'``: audio, ``'av'``: both agree.
    """

    video: str
    start: float
    end: float
    speed: float = 1.0
    score: float = 0.0
    modality: str = ''
    group: list[Member] = field(default_factory=list, repr=False, compare=False)

    def share(self, start: float, end: float) -> float:
        """Overlap with another segment, as a share of their union."""
        return (min(end, self.end) - max(start, self.start)) / (
            max(end, self.end) - min(start, self.start)
        )


class Groups:
    """Segments grouped by matches: a chain of matches connects any two members of a group.

    Args:
        index: Index of the matched files.
    """

    def __init__(self, index: FingerprintIndex) -> None:
        self._index = index
        self._members: dict[str, list[Member]] = {}

    def add(self, match: Match) -> None:
        """Joins the two segments of a match between indexed files."""
        one = self._member(match.query, match.query_start, match.query_end)
        other = self._member(match.video, match.video_start, match.video_end)
        for member in (one, other):
            if match.score > member.score:
                member.score, member.modality = match.score, match.modality
        if one.group is other.group:
            return
        factor = one.speed * match.speed / other.speed
        for member in other.group:
            member.speed *= factor
            member.group = one.group
            one.group.append(member)

    def known(self, path: str, hits: Hits) -> np.ndarray:
        """Which hits (H,) of a file lie in segments that already share a group with it."""
        margin = self._index.catalog.metadata['chunk'] / 2
        known = np.zeros(len(hits), bool)
        for own in self._members.get(path, ()):
            inside = (hits.query_time > own.start - margin) & (hits.query_time < own.end + margin)
            spans = {}
            for member in own.group:
                key = self._index.catalog.files[member.video].id
                start, end = spans.get(key, (np.inf, -np.inf))
                spans[key] = min(start, member.start), max(end, member.end)
            keys = np.array(sorted(spans))
            starts, ends = np.array([spans[key] for key in keys]).T
            place = np.searchsorted(keys, hits.video).clip(max=len(keys) - 1)
            inside &= keys[place] == hits.video
            inside &= hits.video_time > starts[place] - margin
            known |= inside & (hits.video_time < ends[place] + margin)
        return known

    def all(self) -> list[list[Member]]:
        """Groups, largest first; members are in the order in which their files were indexed."""
        groups = {id(m.group): m.group for found in self._members.values() for m in found}
        for group in groups.values():
            group.sort(key=lambda m: (self._index.catalog.files[m.video].id, m.start))
            first = group[0].speed
            for member in group:
                member.speed /= first
        return sorted(groups.values(), key=len, reverse=True)

    def _member(self, video: str, start: float, end: float) -> Member:
        """Existing member with the same segment, or a new one in its own group."""
        members = self._members.setdefault(video, [])
        same = max(members, key=lambda member: member.share(start, end), default=None)
        if same is None or same.share(start, end) <= SAME:
            same = Member(video, start, end)
            same.group.append(same)
            members.append(same)
        return same


def find_copies(
    index: FingerprintIndex, topk: int = 20, threshold: float | None = None
) -> list[list[Member]]:
    """Finds common segments of indexed files.

    Args:
        index: Index whose files are compared with each other.
        topk: Number of candidates per chunk, as in :func:`.match_chunks`.
        threshold: Minimum score, as in :func:`.match_chunks`.

    Returns:
        list: Groups of segments, the largest group first.
    """
    groups = Groups(index)
    files = sorted(index.catalog.files.values(), key=lambda file: file.id)
    for file in bar(files, unit='file'):
        chunks = chunks_in(index, file.path)
        for match in match_chunks(index, file.path, chunks, topk, None, threshold, groups.known):
            groups.add(match)
    return groups.all()
