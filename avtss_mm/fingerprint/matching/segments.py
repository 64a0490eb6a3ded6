"""Finds segments of videos that are copies of each other from similar chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..time_map import TimeMap
from .hits import Hits
from .lines import best_line, by_votes, distance

__all__ = ['PLAUSIBLE_SPEEDS', 'Hits', 'Segment', 'find_segments']

PLAUSIBLE_SPEEDS = (0.45, 1 / 0.45)
"""Plausible speeds of a segment: copies are played at 0.5 to 2; a static scene fits any speed."""
PATIENCE = 10
"""Number of successive videos with only weak lines after which the search ends."""
WEAK = 0.1
"""Share of the best score below which a line is weak."""
EDGE = 0.5
"""Share of the median margin below which chunks at the ends of a run do not belong to it, because
most of such a chunk is outside the copy."""


@dataclass(frozen=True)
class Segment:
    """A segment of a query that is a copy of a segment of a gallery video.

    Attributes:
        video: Id of the video, as in the hits.
        query_start: Start in the query in seconds.
        query_end: End in the query in seconds.
        video_start: Time of the gallery video in seconds that ``query_start`` is copied from.
        video_end: End in the gallery video in seconds.
        speed: Seconds of the gallery video per second of the query.
        score: How clearly the best hits on the line stand out: the sum, over the query chunks of
            the segment, of the similarity above ``Hits.level`` (plus a twentieth of it; 0 if the
            chunk has no hit on the line), divided by the number of chunks plus one.
    """

    video: int
    query_start: float
    query_end: float
    video_start: float
    video_end: float
    speed: float
    score: float

    def within(self, query_length: float, video_length: float) -> Segment:
        """Cuts the segment to the lengths of both files in seconds."""
        line = TimeMap.of(self)
        start = max(self.query_start, 0.0, line.query(0.0))
        end = min(self.query_end, query_length, line.query(video_length))
        video = (max(line.reference(start), 0.0), line.reference(end))
        return replace(
            self, query_start=start, query_end=end, video_start=video[0], video_end=video[1]
        )


def find_segments(
    hits: Hits,
    tolerance: float = 1.0,
    max_gap: float = 4.0,
    chunk: float = 2.0,
    min_chunks: int = 3,
    min_score: float = 0.0,
    max_segments: int | None = None,
) -> list[Segment]:
    """Find the straight lines ``video_time = offset + speed * query_time`` on which hits lie.

    Each hit votes for all (video, speed, offset) that it fits, with speeds in ``SPEEDS``. Its
    weight is its similarity above ``Hits.level``, because features of unrelated chunks may be
    similar, too. In each video, the line with most votes is fitted to its hits by least squares
    until no more hits join; its speed is 1 unless the times differ clearly. It ends at gaps longer
    than ``max_gap``. Hits on or next to it are removed before the search for the video's next line.
    A line with a speed outside ``PLAUSIBLE_SPEEDS`` is not a segment.

    Args:
        hits (Hits): Hits of one query in any order; they may contain duplicates.
        tolerance (float): Maximum distance of a hit from a line in seconds. Defaults to 1.
        max_gap (float): Maximum gap in the hits of a segment, in seconds of the query.
            Defaults to 4.
        chunk (float): Length of a chunk in seconds; a segment extends half a chunk beyond the
            mid-times of its first and last chunk. Defaults to 2.
        min_chunks (int): Minimum number of query chunks on a line; of a query with fewer chunks,
            all of them. Defaults to 3.
        min_score (float): Score below which segments are dropped. Defaults to 0.
        max_segments (int, optional): Maximum number of segments. Defaults to None: all.

    Returns:
        list[Segment]: Segments, best score first; empty without hits.
    """
    chunk_times = np.unique(hits.query_time[np.asarray(hits.similarity) > 0])
    min_chunks = min(min_chunks, len(chunk_times))
    hits = _drop_rare_videos(hits.margins(), min_chunks)
    if not len(hits):
        return []
    segments, best, failures = [], 0.0, 0
    for mine in by_votes(hits, 2 * tolerance):
        lines = _lines(mine, chunk_times, tolerance, max_gap, min_chunks)
        found = 0
        for line, score in lines:
            if score <= max(min_score, WEAK * best):
                break
            best, found = max(best, score), found + 1
            if PLAUSIBLE_SPEEDS[0] <= line.speed <= PLAUSIBLE_SPEEDS[1]:
                segments.append(_segment(mine.video[0], line, chunk / 2, score))
        failures = 0 if found else failures + 1
        if failures == PATIENCE or len(segments) >= (max_segments or np.inf):
            break
    return sorted(segments, key=lambda segment: -segment.score)[:max_segments]


def _lines(
    hits: Hits, chunk_times: np.ndarray, tolerance: float, max_gap: float, min_chunks: int
) -> Iterator[tuple[TimeMap, float]]:
    """Yields lines through the hits of a video, from their first to last chunk, and scores."""
    while len(np.unique(hits.query_time)) >= min_chunks:
        line, on_line = best_line(hits, tolerance, max_gap)
        on_line.sort()
        # hits are sorted by their margins: the first one at a time is the best
        times, first_of_time = np.unique(hits.query_time[on_line], return_index=True)
        margins = hits.similarity[on_line][first_of_time]
        full = np.flatnonzero(margins >= EDGE * np.median(margins))
        times, margins = times[full[0] : full[-1] + 1], margins[full[0] : full[-1] + 1]
        if len(times) < min_chunks:
            return
        inside = (chunk_times >= times[0]) & (chunk_times <= times[-1])
        score = margins.sum() / (inside.sum() + 1)
        yield TimeMap(line.speed, line.offset, times[0], times[-1]), score
        beside = (hits.query_time >= times[0]) & (hits.query_time <= times[-1])
        beside &= distance(line, hits) <= 3 * tolerance
        beside[on_line] = True
        hits = hits.take(~beside)


def _segment(video: int, line: TimeMap, half_chunk: float, score: float) -> Segment:
    """Extends a line by half a chunk at both ends, but not before the start of the video."""
    start = max(line.query_start - half_chunk, 0.0, -line.offset / line.speed)
    end = line.query_end + half_chunk
    video_start = max(line.reference(start), 0.0)
    numbers = (start, end, video_start, line.reference(end), line.speed, score)
    return Segment(int(video), *map(float, numbers))


def _drop_rare_videos(hits: Hits, min_chunks: int) -> Hits:
    """Drops hits in videos that fewer than ``min_chunks`` query chunks have found."""
    pairs = np.unique(np.stack([hits.video, hits.query_time]), axis=1)
    videos, counts = np.unique(pairs[0], return_counts=True)
    return hits.take(np.isin(hits.video, videos[counts >= min_chunks]))
