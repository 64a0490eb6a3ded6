"""A linear map from times of a copy to times of its source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TimeMap:
    """Source of a copy: ``reference_time = offset + speed * query_time``, in seconds.

    It is valid for ``query_start <= query_time < query_end``; before and after, the copy shows
    another video. A copy that is played backward has a negative speed.
    """

    speed: float = 1.0
    offset: float = 0.0
    query_start: float = 0.0
    query_end: float = np.inf

    @classmethod
    def of(cls, match) -> TimeMap:
        """Makes the map through the middle of a match or segment, with its speed."""
        query_middle = (match.query_start + match.query_end) / 2
        video_middle = (match.video_start + match.video_end) / 2
        offset = video_middle - match.speed * query_middle
        return cls(match.speed, offset, match.query_start, match.query_end)

    def reference(self, query_time):
        """Maps seconds of the copy (a number or an array) to seconds of the reference."""
        return self.offset + self.speed * query_time

    def query(self, reference_time):
        """Maps seconds of the reference (a number or an array) to seconds of the copy."""
        return (reference_time - self.offset) / self.speed
