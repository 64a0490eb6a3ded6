"""Files of an index that share a stretch, as groups: a hundred copies are one, not 4,950 pairs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from .index.index import FingerprintIndex
from .matching.hits import Hits
from .search import Match, chunks_in, match_chunks

SAME = 0.5
"""Two stretches of a file are one if their overlap is more than this share of their union."""


@dataclass
class Member:
    """A stretch of an indexed file that others have, too.

    Attributes:
        video: Path of the file.
        start: Seconds.
        end: Seconds.
        speed: Seconds of it that pass in a second of the group's first member.
        score: The best of the matches that it is in, and ``modality`` what found that.
        modality: ``'v'``: picture, ``'a'``: sound, ``'av'``: both agree.
    """

    video: str
    start: float
    end: float
    speed: float = 1.0
    score: float = 0.0
    modality: str = ''
    group: list[Member] = field(default_factory=list, repr=False, compare=False)

    def share(self, start: float, end: float) -> float:
        """Overlap with another stretch, as a share of their union."""
        return (min(end, self.end) - max(start, self.start)) / (
            max(end, self.end) - min(start, self.start)
        )


class Groups:
    """Stretches joined by matches: two are in one group if a chain of matches leads from one to
    the other.

    Args:
        index: Whose files are matched.
    """

    def __init__(self, index: FingerprintIndex) -> None:
        self._index = index
        self._members: dict[str, list[Member]] = {}

    def add(self, match: Match) -> None:
        """Joins the two stretches of a match of two indexed files."""
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
        """Which hits (H,) of a file lie in stretches that are in a group with its own."""
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
        """The groups, each in the order in which its files were indexed, the largest first."""
        groups = {id(m.group): m.group for found in self._members.values() for m in found}
        for group in groups.values():
            group.sort(key=lambda m: (self._index.catalog.files[m.video].id, m.start))
            first = group[0].speed
            for member in group:
                member.speed /= first
        return sorted(groups.values(), key=len, reverse=True)

    def _member(self, video: str, start: float, end: float) -> Member:
        """The stretch that is the same as this one, or a new one in a group of its own."""
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
    """Stretches that indexed files have in common.

    Args:
        index: Whose files are compared with one another.
        topk: As of :func:`.match_chunks`.
        threshold: As of :func:`.match_chunks`.

    Returns:
        list: Groups of stretches, the largest group first.
    """
    groups = Groups(index)
    files = sorted(index.catalog.files.values(), key=lambda file: file.id)
    for file in tqdm(files, unit='file'):
        chunks = chunks_in(index, file.path)
        for match in match_chunks(index, file.path, chunks, topk, None, threshold, groups.known):
            groups.add(match)
    return groups.all()
