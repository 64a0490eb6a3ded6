"""Straight lines in time that the hits of a query lie on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..time_map import TimeMap
from .hits import Hits, weakest_of_chunk

SPEEDS = np.geomspace(0.5, 2, 25)
ONE = 12
"""Place of speed 1."""
SPEED_SPREAD = 0.2
"""How far (1 sigma) a speed is expected from the one voted for, before the times are looked at."""
TIME_SPREAD = 0.4
"""How far (1 sigma, seconds) a true hit lies from the line: references are cut every second."""
LEAST_SPREAD = 0.2
"""The same, at least, whatever the hits say: they are few."""
DOUBT = 2.0
"""Standard errors that a fitted speed must be away from 1 to be believed."""
PREFER_ONE = 0.8
"""Share of the most votes at which speed 1 is taken: short copies fit all speeds."""
SHARPNESS = 0.5
"""How far behind the best of its chunk a hit may be, in standard deviations of the margins."""
VOTING_WIDTH = 1.25
"""Width of the strips that are voted for, in tolerances."""


def by_votes(hits: Hits, width: float) -> Iterator[Hits]:
    """The hits of each video, that with most votes for one line first."""
    hits = hits.take(hits.video.argsort(kind='stable'))
    first_of_video = np.unique(hits.video, return_index=True)[1]
    votes, _, _ = _votes(hits, hits.similarity, width)
    best = np.maximum.reduceat(votes.max(axis=0), first_of_video)
    last_of_video = np.append(first_of_video[1:], len(hits))
    for place in (-best).argsort(kind='stable'):
        yield hits.take(np.arange(first_of_video[place], last_of_video[place]))


def best_line(hits: Hits, tolerance: float, max_gap: float) -> tuple[TimeMap, np.ndarray]:
    """The line with most votes, fitted, and the indices of the hits on its strongest run.

    Args:
        hits: Of one video, with margins for similarities.
        tolerance: Seconds that a hit may lie off a line.
        max_gap: Seconds of the query without a hit that a run may bridge.
    """
    line = _vote(hits, hits.similarity * _mutual(hits) ** 3, VOTING_WIDTH * tolerance)
    voted_speed = line.speed
    reach = tolerance + 1e-6  # two hits at the ends of a strip are as far from its middle
    on_line = _strongest_run(hits, distance(line, hits) <= reach, max_gap)
    for _ in range(10):
        near = hits.take(on_line)
        # hits at the rim say nothing of where the line is
        weights = _mutual(near) * (1 - distance(line, near) / (1.25 * reach))
        line = _fit(near, weights, voted_speed)
        joined = _strongest_run(hits, distance(line, hits) <= reach, max_gap)
        if not len(joined) or np.array_equal(joined, on_line):
            break
        on_line = joined
    return line, on_line


def distance(line: TimeMap, hits: Hits) -> np.ndarray:
    """Seconds (H,) by which hits miss the line."""
    return np.abs(hits.video_time - line.reference(hits.query_time))


def _mutual(hits: Hits) -> np.ndarray:
    """From 0 to 1 (H,): whether two chunks are what each of them is like most.

    A query that goes on when the reference is over goes on finding the reference's last chunk,
    which is more like another chunk of the query; without this, such hits bend the line.
    """
    behind = np.zeros(len(hits))
    for times in (hits.query_time, hits.video_time):
        behind -= weakest_of_chunk(times, -hits.similarity) + hits.similarity
    return np.exp(-behind / (SHARPNESS * hits.similarity.std() + 1e-6))


def _votes(
    hits: Hits, weights: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Votes (S, H) for the strips of ``width`` seconds that begin at each hit, by ``SPEEDS``.

    Returns:
        tuple: Votes; the hits that the strips begin at, video by video; and the place behind the
        last hit of each strip.
    """
    index = np.unique(hits.video, return_inverse=True)[1]
    offsets = hits.video_time - SPEEDS[:, None] * hits.query_time
    low = offsets.min()
    stretch = offsets.max() - low + 2 * width  # videos one after the other, none in reach
    place = offsets - low + index * stretch
    order = place.argsort(axis=1)
    place = np.take_along_axis(place, order, axis=1)
    summed = np.zeros((len(SPEEDS), len(hits) + 1))
    np.cumsum(weights[order], axis=1, out=summed[:, 1:])
    last = np.stack([np.searchsorted(row, row + width, side='right') for row in place])
    votes = np.take_along_axis(summed, last, axis=1) - summed[:, :-1]
    return votes, order, last


def _vote(hits: Hits, weights: np.ndarray, width: float) -> TimeMap:
    """The middle of the strip of ``width`` seconds in which most weight lies."""
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
    """Weighted least squares: speed 1, or near the voted one, unless the times say otherwise."""
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
    """Whether the chunks of the query or of the video are too few to tell a speed."""
    return min(len(np.unique(times)) for times in (hits.query_time, hits.video_time)) < 3


def _strongest_run(hits: Hits, chosen: np.ndarray, max_gap: float) -> np.ndarray:
    """Indices of those chosen hits, without gaps in time, that have most similarity."""
    rows = np.flatnonzero(chosen)
    rows = rows[hits.query_time[rows].argsort(kind='stable')]
    if not len(rows):
        return rows
    runs = np.split(rows, np.flatnonzero(np.diff(hits.query_time[rows]) > max_gap) + 1)
    return max(runs, key=lambda run: hits.similarity[run].sum())
