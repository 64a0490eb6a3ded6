"""A reader whose frames come from another library than PyAV."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress

import numpy as np

from .pyav_backend import PyAVReader


class ForeignReader(PyAVReader):
    """Lets a library decode the frames where it is known to be right, and PyAV do the rest.

    Args:
        path: File to read.

    Raises:
        MediaError: As :class:`PyAVReader`.
    """

    errors: tuple[type[Exception], ...] = (RuntimeError, ValueError, IndexError)
    """What the library raises where it fails: PyAV takes over then."""

    def __init__(self, path) -> None:
        super().__init__(path)
        self._decoder = None
        if self.info.has_video:
            with suppress(*self.errors):
                self._decoder = self._open_decoder()

    def close(self) -> None:
        self._decoder = None
        super().close()

    def _frames(self, times):
        if self._decoder is not None:
            try:
                return *self._foreign_frames(times), np.zeros(len(times))
            except self.errors:
                self._decoder = None
        return super()._frames(times)

    @abstractmethod
    def _open_decoder(self):
        """The decoder of the library, None for a file that is better left to PyAV."""

    @abstractmethod
    def _foreign_frames(self, times: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Images and timestamps as of :meth:`Reader._frames`, from the decoder of the library."""
