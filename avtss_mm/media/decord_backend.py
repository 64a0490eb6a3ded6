"""Reads frames with decord, by their timestamps, and metadata and sound with PyAV."""

from __future__ import annotations

import decord
import numpy as np

from .base import TOLERANCE
from .fallback_reader import ForeignReader
from .pyav_container import best_stream, open_container, packets

FORMATS = ('mov', 'matroska', 'avi')
"""Containers to read with decord, which hangs on MPEG transport streams and misplaces mpg."""


class DecordReader(ForeignReader):
    """Reads frames with decord.

    PyAV reads the frames of containers other than mp4, mov, mkv, webm and avi, of clips cut by an
    edit list (decord shows the frames before the cut), of files that decord cannot open or has no
    timestamps for, and the sound of all files (decord leaks memory when it reads sound).
    """

    errors = (decord.DECORDError, *ForeignReader.errors)

    def _open_decoder(self):
        if not self._container.format.name.startswith(FORMATS) or self._has_cut():
            return None
        decoder = decord.VideoReader(self._decoder_source.open(), ctx=decord.cpu(0), num_threads=1)
        starts = decoder.get_frame_timestamp(np.arange(len(decoder)))[:, 0]
        self._pts = starts - starts[0]
        return decoder if (np.diff(self._pts) > 0).all() else None

    def _has_cut(self) -> bool:
        """Whether the file starts with frames that are decoded but not shown."""
        with open_container(self._source) as container:
            first = next(packets(container, best_stream(container, 'video')))
            return getattr(first, 'is_discard', False)

    def _foreign_frames(self, times):
        rows = np.searchsorted(self._pts, times + TOLERANCE, side='right') - 1
        rows, back = np.unique(np.maximum(rows, 0), return_inverse=True)
        images = self._decoder.get_batch(rows).asnumpy()
        return [images[i] for i in back], self._pts[rows][back]
