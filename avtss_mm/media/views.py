"""What decoders open: files on disk by their path, and ranges of bytes as file objects."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import MediaError
from .base import local_name

NO_SHARD = 'there is no such shard'


class Source:
    """A media file; this one is a file on disk, which decoders open by themselves.

    Attributes:
        name: Path as the user knows it, for messages.
        failure: Why a read failed, if one did: what was decoded since is not to be trusted.
    """

    failure: MediaError | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def open(self) -> str | View:
        """What decoders take: a path, or a file object at its beginning.

        Raises:
            MediaError: If the file is missing, a directory, or empty.
        """
        if check_file(self.name, self.name).st_size == 0:
            raise MediaError(self.name, 'empty file')
        return local_name(self.name)

    def close(self) -> None:
        """Closes what :meth:`open` has opened, which PyAV leaves to the garbage collection."""

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Raises the error of a read that fails in the block, whatever a decoder makes of it."""
        try:
            yield
        finally:
            if self.failure is not None:
                raise self.failure


class Data(Source):
    """A file in memory, such as a file backend of mmengine returns it."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(name)
        self._data = data

    def open(self) -> View:
        if not self._data:
            raise MediaError(self.name, 'empty file')
        return View(self, len(self._data), lambda n, at: self._data[at : at + n])


class View:
    """A range of bytes as a file that decoders read.

    Args:
        source: Source that keeps the failure of a read. FFmpeg would take an exception for the end
            of the file.
        size: Length in bytes.
        read_at: Function of a number of bytes and their position in the range that reads them.

    Attributes:
        name: Path whose suffix helps FFmpeg to tell the format, as that of a file on disk does.
    """

    def __init__(self, source: Source, size: int, read_at: Callable[[int, int], bytes]) -> None:
        # below no folder: what a list in the place of a video refers to is not there
        self.name = os.path.join(os.devnull, os.path.basename(source.name))
        self._source = source
        self._size, self._position, self._read_at = size, 0, read_at

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._position, 0)
        size = left if size < 0 else min(size, left)
        if not size or self._source.failure is not None:
            return b''
        try:
            data = self._read_at(size, self._position)
            reason = '' if data else 'it has become shorter while it was read'
        except Exception as error:
            data, reason = b'', getattr(error, 'reason', getattr(error, 'strerror', error))
        if reason:
            self._source.failure = MediaError(self._source.name, reason)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = max((0, self._position, self._size)[whence] + offset, 0)
        return self._position

    def tell(self) -> int:
        return self._position


def check_file(name: str, path: str) -> os.stat_result:
    """Status of a regular file; errors begin with ``name``."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        if isinstance(error, FileNotFoundError):
            reason = 'no such file' if name == path else NO_SHARD
        raise MediaError(name, reason) from error
    if not stat.S_ISREG(status.st_mode):
        reason = 'a folder, not a file' if stat.S_ISDIR(status.st_mode) else 'not a regular file'
        raise MediaError(name, reason)
    return status
