"""From chunks that look or sound alike to stretches of video that are copies of each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SPEEDS = np.geomspace(0.5, 2, 25)
BELIEVED = (0.45, 1 / 0.45)
"""Speeds that a segment may have: copies are played at 0.5 to 2, a still scene fits any."""
SPEED_SPREAD = 0.1
"""How far (1 sigma) a speed is expected from the one voted for, before the times are looked at."""
TIME_SPREAD = 0.4
"""How far (1 sigma, seconds) a true hit lies from the line: references are cut every second."""
PATIENCE = 3
"""Lines that are too weak, one after the other, before no more are looked for."""
WEAK = 0.1
"""A line is too weak below this share of the best score."""
BASE_VOTE = 0.05
"""Share of a hit's similarity that votes whatever else its chunk found."""
PREFER_ONE = 0.03
"""Share of its votes that a speed loses an octave away from 1: short copies fit all speeds."""


@dataclass(frozen=True)
class Hits:
    """Chunks of a query and the chunks of known videos that a search gave for them.

    Attributes:
        query_time: Middle of the query's chunk in seconds (H,).
        video: Integer id of the video found (H,).
        video_time: Middle of the chunk found in seconds (H,).
        similarity: How alike the two are (H,); hits that are not above 0 are left out.
    """

    query_time: np.ndarray
    video: np.ndarray
    video_time: np.ndarray
    similarity: np.ndarray

    def __post_init__(self) -> None:
        shapes = {np.shape(column) for column in vars(self).values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f'the columns of hits must be equally long, got shapes {shapes}')

    def __len__(self) -> int:
        return len(self.query_time)

    def take(self, rows: np.ndarray) -> Hits:
        """Those hits that an index or a mask selects."""
        return Hits(*(np.asarray(column)[rows] for column in vars(self).values()))


@dataclass(frozen=True)
class Segment:
    """A stretch of a query that is a copy of a stretch of a known video.

    Attributes:
        video: Id as in the hits.
        query_start: Seconds of the query.
        query_end: Seconds of the query.
        video_start: Seconds of the known video, where ``query_start`` comes from.
        video_end: Seconds of the known video.
        speed: Seconds of the known video that pass in a second of the query.
        score: How far the best hits on the line stand out: the sum, over the query's chunks in the
            stretch, of what the similarity is above that of the chunk's weakest hit (and a
            twentieth of it; 0 where the chunk has no hit on the line), divided by the number of
            chunks plus one. It compares queries that were searched with as many hits a chunk.
    """

    video: int
    query_start: float
    query_end: float
    video_start: float
    video_end: float
    speed: float
    score: float


def find_segments(
    hits: Hits,
    tolerance: float = 1.0,
    max_gap: float = 4.0,
    chunk: float = 2.0,
    min_chunks: int = 3,
    min_score: float = 0.0,
    max_segments: int = 10,
) -> list[Segment]:
    """Find the straight lines ``video_time = offset + speed * query_time`` that hits lie on.

    Each hit votes for all (video, speed, offset) that it fits, the speeds being ``SPEEDS``, with
    what its similarity is above that of the weakest hit of its chunk: features of unrelated chunks
    may be alike, too. The line with most votes is fitted to its hits by least squares, until no
    more hits join. It ends where nothing is on it for longer than ``max_gap``. What lies on or
    beside it is taken away before the next line is looked for; a line whose speed is not in
    ``BELIEVED`` is no segment.

    Args:
        hits (Hits): Of one query, in any order, as many for each chunk (20 serve well); the same
            hit may be there several times.
        tolerance (float): Seconds that a hit may lie off a line. Defaults to 1.
        max_gap (float): Seconds of the query without a hit that a segment may bridge.
            Defaults to 4.
        chunk (float): Length of a chunk in seconds; a segment reaches half a chunk beyond the
            middles of its first and last chunk. Defaults to 2.
        min_chunks (int): Chunks of the query that must lie on a line; of a query with fewer
            chunks, all of them. Defaults to 3.
        min_score (float): Segments below this score are dropped. Defaults to 0.
        max_segments (int): Most segments that are looked for. Defaults to 10.

    Returns:
        list[Segment]: Best score first; empty without hits.
    """
    hits = _unique(hits)
    hits = replace(hits, similarity=_standing_out(hits))
    chunk_times = np.unique(hits.query_time)
    min_chunks = min(min_chunks, len(chunk_times))
    segments, best, failures = [], 0.0, 0
    while len(segments) < max_segments and failures < PATIENCE:
        hits = _drop_rare_videos(hits, min_chunks)
        if not len(hits):
            break
        line, on_line = _best_line(hits, tolerance, max_gap)
        on_line.sort()
        times, first_of_time = np.unique(hits.query_time[on_line], return_index=True)
        score = 0.0
        if len(times) >= min_chunks:
            # hits are sorted by similarity: the first of a time is its best
            inside = (chunk_times >= times[0]) & (chunk_times <= times[-1])
            score = hits.similarity[on_line][first_of_time].sum() / (inside.sum() + 1)
        if score > max(min_score, WEAK * best):
            best, failures = max(best, score), 0
            if BELIEVED[0] <= line.speed <= BELIEVED[1]:
                segments.append(line.between(times[0] - chunk / 2, times[-1] + chunk / 2, score))
        else:
            failures += 1
        beside = (hits.query_time >= times[0]) & (hits.query_time <= times[-1])
        beside &= line.distance(hits) <= 3 * tolerance
        beside[on_line] = True
        hits = hits.take(~beside)
    return sorted(segments, key=lambda segment: -segment.score)


@dataclass(frozen=True)
class _Line:
    video: int
    speed: float
    offset: float

    def distance(self, hits: Hits) -> np.ndarray:
        """Seconds (H,) by which hits miss the line; infinity in other videos."""
        missed = np.abs(hits.video_time - self.offset - self.speed * hits.query_time)
        return np.where(hits.video == self.video, missed, np.inf)

    def between(self, start: float, end: float, score: float) -> Segment:
        """The part of the line between two times of the query, none before the video begins."""
        start = max(start, 0.0, -self.offset / self.speed)
        video_start, video_end = (self.offset + self.speed * time for time in (start, end))
        numbers = (start, end, max(video_start, 0.0), video_end, self.speed, score)
        return Segment(int(self.video), *map(float, numbers))


def _best_line(hits: Hits, tolerance: float, max_gap: float) -> tuple[_Line, np.ndarray]:
    """The line with most votes, fitted, and the indices of the hits on its strongest run."""
    line = _vote(hits, 2 * tolerance)
    voted_speed = line.speed
    reach = tolerance + 1e-6  # two hits at the ends of a strip are as far from its middle
    on_line = _strongest_run(hits, line.distance(hits) <= reach, max_gap)
    for _ in range(10):
        near = hits.take(on_line)
        # of the few hits of a chunk the best says where it is, those at the rim nothing
        weights = _standing_out(near) * (1 - line.distance(near) / (1.25 * reach))
        line = _fit(near, weights, voted_speed)
        joined = _strongest_run(hits, line.distance(hits) <= reach, max_gap)
        if not len(joined) or np.array_equal(joined, on_line):
            break
        on_line = joined
    return line, on_line


def _vote(hits: Hits, width: float) -> _Line:
    """The middle of the strip of ``width`` seconds in which most similarity lies."""
    videos, index = np.unique(hits.video, return_inverse=True)
    offsets = hits.video_time - SPEEDS[:, None] * hits.query_time  # S, H
    low = offsets.min()
    stretch = offsets.max() - low + 2 * width  # videos one after the other, none in reach
    place = offsets - low + index * stretch
    order = place.argsort(axis=1)
    place = np.take_along_axis(place, order, axis=1)
    summed = np.zeros((len(SPEEDS), len(hits) + 1))
    np.cumsum(hits.similarity[order], axis=1, out=summed[:, 1:])
    last = np.stack([np.searchsorted(row, row + width, side='right') for row in place])
    votes = np.take_along_axis(summed, last, axis=1) - summed[:, :-1]
    votes *= (1 - PREFER_ONE * np.abs(np.log2(SPEEDS)))[:, None]
    speed, first = np.unravel_index(votes.argmax(), votes.shape)
    strip = order[speed, first : last[speed, first]]
    middle = np.average(offsets[speed, strip], weights=hits.similarity[strip])
    return _Line(hits.video[strip[0]], SPEEDS[speed], middle)


def _fit(hits: Hits, weights: np.ndarray, voted_speed: float) -> _Line:
    """Weighted least squares that leave the voted speed only for a reason."""
    weights = weights / weights.max()
    query_mean = np.average(hits.query_time, weights=weights)
    video_mean = np.average(hits.video_time, weights=weights)
    moved = hits.query_time - query_mean
    prior = (TIME_SPREAD / SPEED_SPREAD) ** 2
    against = weights @ (moved * (hits.video_time - video_mean)) + prior * voted_speed
    speed = against / (weights @ moved**2 + prior)
    return _Line(hits.video[0], speed, video_mean - speed * query_mean)


def _standing_out(hits: Hits) -> np.ndarray:
    """What similarities (H,) are above that of the weakest hit of the same chunk, and a bit."""
    times, chunk = np.unique(hits.query_time, return_inverse=True)
    weakest = np.full(len(times), np.inf)
    np.minimum.at(weakest, chunk, hits.similarity)
    return (1 + BASE_VOTE) * hits.similarity - weakest[chunk]


def _strongest_run(hits: Hits, chosen: np.ndarray, max_gap: float) -> np.ndarray:
    """Indices of those chosen hits, without gaps in time, that have most similarity."""
    rows = np.flatnonzero(chosen)
    rows = rows[hits.query_time[rows].argsort(kind='stable')]
    if not len(rows):
        return rows
    runs = np.split(rows, np.flatnonzero(np.diff(hits.query_time[rows]) > max_gap) + 1)
    return max(runs, key=lambda run: hits.similarity[run].sum())


def _unique(hits: Hits) -> Hits:
    """Hits with a positive similarity, each once, most similar first."""
    columns = np.stack([np.asarray(column, float) for column in vars(hits).values()])
    columns = np.unique(columns[:, columns[3] > 0], axis=1)
    query_time, video, video_time, similarity = columns[:, (-columns[3]).argsort(kind='stable')]
    return Hits(query_time, video.astype(np.int64), video_time, similarity)


def _drop_rare_videos(hits: Hits, min_chunks: int) -> Hits:
    """Hits in videos that at least ``min_chunks`` chunks of the query found."""
    pairs = np.unique(np.stack([hits.video, hits.query_time]), axis=1)
    videos, counts = np.unique(pairs[0], return_counts=True)
    return hits.take(np.isin(hits.video, videos[counts >= min_chunks]))
