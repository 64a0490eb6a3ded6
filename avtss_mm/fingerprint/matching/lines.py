"""Finds straight lines in time on which the hits of a query lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..time_map import TimeMap
from .hits import Hits, weakest_of_chunk

SPEEDS = np.geomspace(0.5, 2, 25)
ONE = 12
"""Index of speed 1."""
SPEED_SPREAD = 0.2
"""Expected deviation (1 sigma) of the speed from the voted one, before the fit."""
TIME_SPREAD = 0.4
"""Distance (1 sigma, seconds) of a true hit from the line: references have a stride of 1 s."""
LEAST_SPREAD = 0.2
"""Minimum of this distance when it is estimated from the hits, which are few."""
DOUBT = 2.0
"""Number of standard errors by which a fitted speed must differ from 1 to be accepted."""
PREFER_ONE = 0.8
"""Share of the maximum votes above which speed 1 is preferred: short copies fit all speeds."""
SHARPNESS = 0.5
"""Scale by which a hit may be weaker than the best of its chunk, in standard deviations."""
VOTING_WIDTH = 1.25
"""Width of the voting strips, in tolerances."""


def by_votes(hits: Hits, width: float) -> Iterator[Hits]:
    """Yields the hits of each video; the video with most votes for one line comes first."""
    hits = hits.take(hits.video.argsort(kind='stable'))
    first_of_video = np.unique(hits.video, return_index=True)[1]
    votes, _, _ = _votes(hits, hits.similarity, width)
    best = np.maximum.reduceat(votes.max(axis=0), first_of_video)
    last_of_video = np.append(first_of_video[1:], len(hits))
    for place in (-best).argsort(kind='stable'):
        yield hits.take(np.arange(first_of_video[place], last_of_video[place]))


def best_line(hits: Hits, tolerance: float, max_gap: float) -> tuple[TimeMap, np.ndarray]:
    """Fits the line with most votes; returns it and the indices of the hits of its best run.

    Args:
        hits: Hits of one video, with margins as similarities.
        tolerance: Maximum distance of a hit from the line in seconds.
        max_gap: Maximum gap in a run, in seconds of the query.
    """
    line = _vote(hits, hits.similarity * _mutual(hits) ** 3, VOTING_WIDTH * tolerance)
    voted_speed = line.speed
    reach = tolerance + 1e-6  # hits at both edges of a strip must still fit its middle
    on_line = _strongest_run(hits, distance(line, hits) <= reach, max_gap)
    for _ in range(10):
        near = hits.take(on_line)
        # hits at the edge say nothing about the position of the line
        weights = _mutual(near) * (1 - distance(line, near) / (1.25 * reach))
        line = _fit(near, weights, voted_speed)
        joined = _strongest_run(hits, distance(line, hits) <= reach, max_gap)
        if not len(joined) or np.array_equal(joined, on_line):
            break
        on_line = joined
    return line, on_line


def distance(line: TimeMap, hits: Hits) -> np.ndarray:
    """Distance of hits from the line in seconds (H,)."""
    return np.abs(hits.video_time - line.reference(hits.query_time))


def _mutual(hits: Hits) -> np.ndarray:
    """Degree (H,) from 0 to 1 to which two chunks are each other's best match.

    A query that continues after the end of the reference still finds the reference's last chunk,
    which resembles an earlier chunk of the query more. Without this weight such hits bend the line.
    """
    behind = np.zeros(len(hits))
    for times in (hits.query_time, hits.video_time):
        behind -= weakest_of_chunk(times, -hits.similarity) + hits.similarity
    return np.exp(-behind / (SHARPNESS * hits.similarity.std() + 1e-6))


def _votes(
    hits: Hits, weights: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Votes (S, H) for the strips of ``width`` seconds that start at each hit, by ``SPEEDS``.

    Returns:
        tuple: Votes; the hits at which the strips start, video by video; and the position after the
        last hit of each strip.
    """
    index = np.unique(hits.video, return_inverse=True)[1]
    offsets = hits.video_time - SPEEDS[:, None] * hits.query_time
    low = offsets.min()
    stretch = offsets.max() - low + 2 * width  # videos one after the other, without overlap
    place = offsets - low + index * stretch
    order = place.argsort(axis=1)
    place = np.take_along_axis(place, order, axis=1)
    summed = np.zeros((len(SPEEDS), len(hits) + 1))
    np.cumsum(weights[order], axis=1, out=summed[:, 1:])
    last = np.stack([np.searchsorted(row, row + width, side='right') for row in place])
    votes = np.take_along_axis(summed, last, axis=1) - summed[:, :-1]
    return votes, order, last


def _vote(hits: Hits, weights: np.ndarray, width: float) -> TimeMap:
    """Middle of the strip of ``width`` seconds that contains most weight."""
    votes, order, last = _votes(hits, weights, width)
    speed = votes.max(axis=1).argmax()
    if _is_short(hits) or votes[ONE].max() >= PREFER_ONE * votes[speed].max():
        speed = ONE
    first = votes[speed].argmax()
    strip = hits.take(order[speed, first : last[speed, first]])
    offsets = strip.video_time - SPEEDS[speed] * strip.query_time
    middle = np.average(offsets, weights=weights[order[speed, first : last[speed, first]]])
    return TimeMap(SPEEDS[speed], middle)


def _fit(hits: Hits, weights: np.ndarray, voted_speed: float) -> TimeMap:
    """Fits by weighted least squares: speed 1, or near the voted one, unless the times differ."""
    weights = weights / weights.max()
    query_mean = np.average(hits.query_time, weights=weights)
    video_mean = np.average(hits.video_time, weights=weights)
    moved, found = hits.query_time - query_mean, hits.video_time - video_mean
    prior = (TIME_SPREAD / SPEED_SPREAD) ** 2
    speed = (weights @ (moved * found) + prior * voted_speed) / (weights @ moved**2 + prior)
    spread = np.sqrt(np.average((found - speed * moved) ** 2, weights=weights))
    error = max(spread, LEAST_SPREAD) / np.sqrt(weights @ moved**2 + prior)
    if _is_short(hits) or abs(speed - 1) < DOUBT * error:
        speed = 1.0
    return TimeMap(speed, video_mean - speed * query_mean)


def _is_short(hits: Hits) -> bool:
    """Whether query or video has too few chunks to estimate a speed."""
    return min(len(np.unique(times)) for times in (hits.query_time, hits.video_time)) < 3


def _strongest_run(hits: Hits, chosen: np.ndarray, max_gap: float) -> np.ndarray:
    """Indices of the run of chosen hits without gaps that has most similarity."""
    rows = np.flatnonzero(chosen)
    rows = rows[hits.query_time[rows].argsort(kind='stable')]
    if not len(rows):
        return rows
    runs = np.split(rows, np.flatnonzero(np.diff(hits.query_time[rows]) > max_gap) + 1)
    return max(runs, key=lambda run: hits.similarity[run].sum())
