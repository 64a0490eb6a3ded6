"""Two channels into one, so that no sound is lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STEREO_GAIN = np.float32(0.5**0.5)
"""Of each channel in the mix, as FFmpeg has it: sound in one channel alone loses 3 dB."""

BLOCK = 0.05
"""Seconds of which it is decided whether the channels cancel each other."""

CANCELLED = 0.1
"""Power of the mix relative to the louder channel, below which they do: -10 dB. Equal channels
reach it at a correlation of -0.9, which recordings of two microphones do not."""


def mixed(channels: Sequence[np.ndarray], rate: int) -> tuple[np.ndarray, bool]:
    """One channel (n,), or the mix of two: the left one alone where the mix would cancel them.

    Sound whose right channel is the left one upside down is common in broadcasts and from phones;
    its plain mix is silence.

    Args:
        channels: One or two float32 arrays (n,).
        rate: Their samples a second.

    Returns:
        tuple: float32 (n,), and whether they cancel each other anywhere.
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
