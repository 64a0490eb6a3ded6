"""A reader that takes frames from another library and falls back to PyAV."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress

import numpy as np

from .pyav_backend import PyAVReader
from .sources import source_of


class ForeignReader(PyAVReader):
    """Lets a library decode the frames where it is known to be correct, and PyAV do the rest.

    Args:
        path: Path of the file to read.

    Raises:
        MediaError: As for :class:`PyAVReader`.
    """

    errors: tuple[type[Exception], ...] = (RuntimeError, ValueError, IndexError)
    """Errors of the library after which PyAV takes over."""

    def __init__(self, path) -> None:
        self._decoder, self._decoder_source = None, source_of(path)
        super().__init__(path)
        if self.info.has_video:
            with suppress(*self.errors):
                self._decoder = self._open_decoder()

    def close(self) -> None:
        self._decoder = None
        self._decoder_source.close()
        super().close()

    def _frames(self, times):
        if self._decoder is not None:
            try:
                with self._decoder_source.reported():
                    return *self._foreign_frames(times), np.zeros(len(times))
            except self.errors:
                self._decoder = None
        return super()._frames(times)

    @abstractmethod
    def _open_decoder(self):
        """Opens the decoder of the library; None for a file that is better left to PyAV."""

    @abstractmethod
    def _foreign_frames(self, times: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Reads images and timestamps, like :meth:`Reader._frames`, with the library."""
