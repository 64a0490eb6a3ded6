"""Mixes two channels to one without losing sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEREO_GAIN = np.float32(0.5**0.5)
"""Weight of each channel in the mix, as in FFmpeg: sound in only one channel loses 3 dB."""

BLOCK = 0.05
"""Length in seconds of the blocks in which the channels are compared."""

CANCELLED = 0.1
"""Power of the mix relative to the louder channel below which they cancel each other: -10 dB.
Equally loud channels reach it at a correlation of -0.9, which two microphones do not."""


def mixed(channels: Sequence[np.ndarray], rate: int) -> tuple[np.ndarray, bool]:
    """Mixes one or two channels to mono (n,); takes the left one if the mix would cancel them.

    Sound whose right channel is the inverted left one is common in broadcasts and on phones; its
    plain mix is silence.

    Args:
        channels: One or two float32 arrays (n,).
        rate: Sample rate in Hz.

    Returns:
        tuple: float32 (n,), and whether the channels cancel each other anywhere.
    """
    left, *others = channels
    if not others:
        return left, False
    mix = (left + others[0]) * STEREO_GAIN
    size = max(round(BLOCK * rate), 1)
    begins = np.arange(0, len(mix), size)
    power, *powers = (_power(x, begins) for x in (mix, left, others[0]))
    alone = power < CANCELLED * np.maximum(*powers)
    if not alone.any():
        return mix, False
    weight = np.interp(np.arange(len(mix)), begins + size / 2, alone).astype(np.float32)
    return mix + weight * (left - mix), True


def _power(samples: np.ndarray, begins: np.ndarray) -> np.ndarray:
    return np.add.reduceat(np.square(samples), begins)
