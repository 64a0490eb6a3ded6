"""Where the bytes of a media file are: decides what a decoder opens for a path."""

from __future__ import annotations

import os

from ..errors import MediaError
from .file_cache import FileCache
from .remote import is_remote, stamp_of_url
from .remote_file import RemoteFile
from .shards import HEADER, Member, check_header, split_address
from .views import Source, View, check_file


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
        check_file(self.name, shard)
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


def source_of(path, cache: FileCache | None = None) -> Source:
    """Decides where the bytes of a media file are.

    Args:
        path: Path or URL of a file, or address of a member of a shard (see :mod:`.shards`). A
            source is returned as it is.
        cache: Cache of the files that have a URL. Defaults to None.
    """
    if isinstance(path, Source):
        return path
    path = os.fspath(path)
    member = split_address(path)
    if is_remote(path):
        return RemoteFile(path, member, cache)
    return Source(path) if member is None else ShardMember(path, member)


def stamp_of(path: str) -> str:
    """Stamp that changes when a file, or the shard that it is in, changes: size and time.

    It is ``'0'`` if there is no such file, which the reader reports.
    """
    member = split_address(path)
    if is_remote(path):
        stamp = stamp_of_url(path if member is None else member.shard)
        return stamp if member is None or stamp == '0' else f'{member.size} {stamp}'
    try:
        status = os.stat(path if member is None else member.shard)
    except OSError:
        return '0'
    return f'{status.st_size if member is None else member.size} {status.st_mtime_ns}'
