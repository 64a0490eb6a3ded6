"""Conversion of decoded frames to RGB."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from .pyav_container import refusing

# newer PyAV converts colours with one thread per core by default
ONE_THREAD = {'threads': 1} if 'threads' in (VideoReformatter.reformat.__doc__ or '') else {}


class RGBConverter:
    """Converts the frames of a file to RGB arrays of one size.

    Args:
        path: Path of the file, for messages.
        first: First frame: later ones are scaled to its size, as broadcasts and damage change it.
        turns: Number of counter-clockwise quarter turns for display.
    """

    def __init__(self, path: str, first: av.VideoFrame, turns: int) -> None:
        self._path, self._size, self._turns = path, (first.width, first.height), turns
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Converts a frame to an array (H, W, 3) uint8.

        Raises:
            MediaError: If the format of its pixels cannot be converted.
        """
        with refusing(self._path, f'its picture ({frame.format.name}) cannot be made RGB'):
            rgb = self._reformatter.reformat(frame, *self._size, format='rgb24', **ONE_THREAD)
            rgb = rgb.to_ndarray()
        return np.ascontiguousarray(np.rot90(rgb, self._turns)) if self._turns else rgb
