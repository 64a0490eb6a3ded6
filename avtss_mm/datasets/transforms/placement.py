"""Places two windows on a video's timeline, in a drawn order."""

from __future__ import annotations

import numpy as np

BEFORE, OVERLAPPING, AFTER, IGNORED = 0, 1, 2, -1  # classes of ``clip_order``


def place_windows(
    lengths: np.ndarray, duration: float, min_overlap: float
) -> tuple[np.ndarray, int]:
    """Draw the starts of two windows and their order label (from numpy's global generator).

    The label is drawn before the positions. If it is not ignored, it is uniform for any lengths
    and duration, so that only the content of the windows reveals it. It is ignored if and only if
    two disjoint windows of these lengths do not fit.

    Args:
        lengths (np.ndarray): Lengths in seconds, shape (2, K), of the K windows (video, audio) at
            each of the two positions, which start together. The label holds for every pair across
            the positions.
        duration (float): Length of the video in seconds, at least that of the longest window.
        min_overlap (float): Minimum overlap of overlapping windows, as a share of the shorter one.

    Returns:
        tuple[np.ndarray, int]: Starts in seconds, shape (2,), and the order label of the first
        window relative to the second.
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
    """Draw an offset uniformly among those with enough overlap, then a position in the video.

    The pair is shorter than two disjoint windows, so every offset fits.
    """
    p, q = lengths[0][:, None], lengths[1][None, :]
    shared = min_overlap * np.minimum(p, q)  # (K, K)
    offset = np.random.uniform((shared - q).max(), (p - shared).min())
    first, second = lengths.max(axis=1)
    earliest = max(0.0, -offset)
    latest = min(duration - first, duration - second - offset)
    start = np.random.uniform(earliest, latest)
    return np.array([start, start + offset])
