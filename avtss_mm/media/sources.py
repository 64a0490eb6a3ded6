"""Where the bytes of a media file are: decides what a decoder opens for a path."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import MediaError
from .base import local_name
from .shards import HEADER, Member, check_header, split_address


class Source:
    """A media file; this one is a file on disk, which decoders open by themselves.

    Attributes:
        name: Path as the user knows it, for messages.
        failure: Why a read failed, if one did: what was decoded since is not to be trusted.
    """

    failure: MediaError | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self) -> str | View:
        """What decoders take: a path, or a file object at its beginning.

        Raises:
            MediaError: If the file is missing, a directory, or empty.
        """
        if _check_file(self.name, self.name).st_size == 0:
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


class ShardMember(Source):
    """A member of a tar shard.

    Args:
        name: Address of the member, see :mod:`.shards`.
        member: Its parts.
    """

    def __init__(self, name: str, member: Member) -> None:
        super().__init__(name)
        self._member, self._files = member, []

    def open(self) -> View:
        """File object of the member; checks that the shard is the one that the address means."""
        shard, offset, size, _ = self._member
        _check_file(self.name, shard)
        if size == 0:
            raise MediaError(self.name, 'empty file')
        try:
            file = open(shard, 'rb', buffering=0)
        except OSError as error:
            raise MediaError(self.name, error.strerror) from error
        self._files.append(file)
        total = os.fstat(file.fileno()).st_size
        if total < offset + size:
            raise MediaError(self.name, f'the shard is cut: it ends after {total:,} bytes')
        header = os.pread(file.fileno(), HEADER, offset - HEADER) if offset >= HEADER else b''
        check_header(self.name, self._member, header)
        return View(self, size, lambda n, at: os.pread(file.fileno(), n, offset + at))

    def close(self) -> None:
        while self._files:
            self._files.pop().close()


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
        self.name, self._source = source.name, source
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
            data, reason = b'', getattr(error, 'strerror', None) or error
        if reason:
            self._source.failure = MediaError(self.name, reason)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = max((0, self._position, self._size)[whence] + offset, 0)
        return self._position

    def tell(self) -> int:
        return self._position


def source_of(path) -> Source:
    """Decides where the bytes of a media file are.

    Args:
        path: Path of a file, or address of a member of a shard (see :mod:`.shards`).
    """
    path = os.fspath(path)
    member = split_address(path)
    return Source(path) if member is None else ShardMember(path, member)


def stamp_of(path: str) -> str:
    """Stamp that changes when a file, or the shard that it is in, changes: size and time.

    It is ``'0'`` if there is no such file, which the reader reports.
    """
    member = split_address(path)
    try:
        status = os.stat(path if member is None else member.shard)
    except OSError:
        return '0'
    return f'{status.st_size if member is None else member.size} {status.st_mtime_ns}'


def _check_file(name: str, path: str) -> os.stat_result:
    """Status of a regular file; errors begin with ``name``."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        if isinstance(error, FileNotFoundError):
            reason = 'no such file' if name == path else 'there is no such shard'
        raise MediaError(name, reason) from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(name, 'not a regular file')
    return status
