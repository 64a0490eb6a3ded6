"""From chunks that look or sound alike to stretches of video that are copies of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..time_map import TimeMap
from .hits import Hits
from .lines import best_line, by_votes, distance

__all__ = ['PLAUSIBLE_SPEEDS', 'Hits', 'Segment', 'find_segments']

PLAUSIBLE_SPEEDS = (0.45, 1 / 0.45)
"""Speeds that a segment may have: copies are played at 0.5 to 2, a still scene fits any."""
PATIENCE = 10
"""Videos whose best line is too weak, one after the other, before no more are looked at."""
WEAK = 0.1
"""A line is too weak below this share of the best score."""
EDGE = 0.5
"""Share of a run's usual margin below which chunks at its ends are no part of it: most of such a
chunk lies outside the copy."""


@dataclass(frozen=True)
class Segment:
    """A stretch of a query that is a copy of a stretch of a gallery video.

    Attributes:
        video: Id as in the hits.
        query_start: Seconds of the query.
        query_end: Seconds of the query.
        video_start: Seconds of the gallery video, where ``query_start`` comes from.
        video_end: Seconds of the gallery video.
        speed: Seconds of the gallery video that pass in a second of the query.
        score: How far the best hits on the line stand out: the sum, over the query's chunks in the
            stretch, of what the similarity is above ``Hits.level`` (and a twentieth of it; 0 where
            the chunk has no hit on the line), divided by the number of chunks plus one.
    """

    video: int
    query_start: float
    query_end: float
    video_start: float
    video_end: float
    speed: float
    score: float

    def within(self, query_length: float, video_length: float) -> Segment:
        """The part that lies inside both files, whose lengths are given in seconds."""
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
    """Find the straight lines ``video_time = offset + speed * query_time`` that hits lie on.

    Each hit votes for all (video, speed, offset) that it fits, the speeds being ``SPEEDS``, with
    what its similarity is above ``Hits.level``: features of unrelated chunks may be alike, too. In
    each video, the line with most votes is fitted to its hits by least squares, until no more hits
    join; its speed is 1 unless the times say otherwise. It ends where nothing is on it for longer
    than ``max_gap``. What lies on or beside it is taken away before the video's next line is looked
    for; a line whose speed is not in ``PLAUSIBLE_SPEEDS`` is no segment.

    Args:
        hits (Hits): Of one query, in any order; the same hit may be there several times.
        tolerance (float): Seconds that a hit may lie off a line. Defaults to 1.
        max_gap (float): Seconds of the query without a hit that a segment may bridge.
            Defaults to 4.
        chunk (float): Length of a chunk in seconds; a segment reaches half a chunk beyond the
            middles of its first and last chunk. Defaults to 2.
        min_chunks (int): Chunks of the query that must lie on a line; of a query with fewer
            chunks, all of them. Defaults to 3.
        min_score (float): Segments below this score are dropped. Defaults to 0.
        max_segments (int, optional): Most segments that are looked for. Defaults to None: all.

    Returns:
        list[Segment]: Best score first; empty without hits.
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
    """Lines through the hits of a video, from the first to the last chunk on them, and scores."""
    while len(np.unique(hits.query_time)) >= min_chunks:
        line, on_line = best_line(hits, tolerance, max_gap)
        on_line.sort()
        # hits are sorted by their margins: the first of a time is its best
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
    """The line from half a chunk before its first chunk, but not before the video begins."""
    start = max(line.query_start - half_chunk, 0.0, -line.offset / line.speed)
    end = line.query_end + half_chunk
    video_start = max(line.reference(start), 0.0)
    numbers = (start, end, video_start, line.reference(end), line.speed, score)
    return Segment(int(video), *map(float, numbers))


def _drop_rare_videos(hits: Hits, min_chunks: int) -> Hits:
    """Hits in videos that at least ``min_chunks`` chunks of the query found."""
    pairs = np.unique(np.stack([hits.video, hits.query_time]), axis=1)
    videos, counts = np.unique(pairs[0], return_counts=True)
    return hits.take(np.isin(hits.video, videos[counts >= min_chunks]))
