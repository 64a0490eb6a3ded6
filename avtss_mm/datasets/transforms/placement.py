"""Where two windows lie on a video's timeline, and in which order."""

from __future__ import annotations

import numpy as np

BEFORE, OVERLAPPING, AFTER, IGNORED = 0, 1, 2, -1  # classes of ``clip_order``


def place_windows(
    lengths: np.ndarray, duration: float, min_overlap: float
) -> tuple[np.ndarray, int]:
    """Draw the starts of two windows and their order label (from numpy's global generator).

    The label is drawn before the places: given that it is not ignored, it is uniform for any
    lengths and duration, so nothing but the content of the windows tells it. It is ignored
    exactly when two disjoint windows of these lengths do not fit.

    Args:
        lengths (np.ndarray): (2, K) seconds: the K windows (video, sound) of each of the two
            places, which begin together. The label holds for every pair across the places.
        duration (float): Seconds of the video, at least the longest window.
        min_overlap (float): Share of the shorter window that overlapping windows have in common.

    Returns:
        tuple[np.ndarray, int]: (2,) starts in seconds, and the order label of the first window
        relative to the second.
    """
    first, second = lengths.max(axis=1)
    free = duration - first - second
    if free < 0:
        return np.random.uniform(0, duration - np.array([first, second])), IGNORED
    order = np.random.randint(3)
    if order == OVERLAPPING:
        return _overlapping_starts(lengths, duration, min_overlap), order
    # Sorted points in the free time are a uniform draw among all disjoint placements.
    early, late = np.sort(np.random.uniform(0, free, size=2))
    if order == BEFORE:
        return np.array([early, late + first]), order
    return np.array([late + second, early]), order


def _overlapping_starts(lengths: np.ndarray, duration: float, min_overlap: float) -> np.ndarray:
    """Offset uniform among those with enough overlap, then the pair uniform in the video.

    The pair spans less than two disjoint windows, so every offset has room.
    """
    p, q = lengths[0][:, None], lengths[1][None, :]
    shared = min_overlap * np.minimum(p, q)  # (K, K)
    offset = np.random.uniform((shared - q).max(), (p - shared).min())
    first, second = lengths.max(axis=1)
    earliest = max(0.0, -offset)
    latest = min(duration - first, duration - second - offset)
    start = np.random.uniform(earliest, latest)
    return np.array([start, start + offset])
