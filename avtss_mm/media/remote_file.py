"""A media file on a server, of which no more is read than a decoder needs."""

from __future__ import annotations

import os

from ..errors import MediaError
from .file_cache import FileCache
from .remote import facts_of, read_range
from .shards import HEADER, Member, check_header
from .views import NO_SHARD, Source, View

WHOLE = 2**23
"""Bytes up to which a remote file is read at once; further away each block is a request."""

BLOCK, MAX_BLOCKS = 2**21, 16
"""Bytes of a request for a part of a remote file, and how many are held in memory."""


class RemoteFile(Source):
    """A file with a URL, or a member of a shard that has one.

    A file of up to 8 MB is read in one request. Of a larger one only the blocks are read that are
    needed. What was read stays in memory while the source is open.

    Args:
        name: Its URL or address.
        member: Its parts if it is in a shard. Defaults to None.
        cache: Cache on disk. Defaults to None.
    """

    def __init__(
        self, name: str, member: Member | None = None, cache: FileCache | None = None
    ) -> None:
        super().__init__(name)
        self._member, self._cache = member, cache
        self._url, self._begin = (member.shard, member.offset) if member else (name, 0)
        self._size = member.size if member else None
        self._first, self._blocks = None, {}

    def open(self) -> View:
        kept = self._cache and self._cache.open(self.name)
        if kept:
            size = os.fstat(kept.fileno()).st_size
            return View(self, size, lambda n, at: os.pread(kept.fileno(), n, at))
        if self._first is None:
            self._first = self._read_first()
        if self._size == 0:
            raise MediaError(self.name, 'empty file')
        if self._cache is not None and self._size <= self._cache.max_bytes:
            self._cache.keep(self.name, self._size, self.read_at)
        return View(self, self._size, self.read_at)

    def read_at(self, size: int, position: int) -> bytes:
        """Reads some bytes at a position, at most ``size``."""
        if position < len(self._first):
            return self._first[position : position + size]
        number, start = divmod(position, BLOCK)
        if number not in self._blocks:
            while len(self._blocks) >= MAX_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            begin, end = number * BLOCK, min((number + 1) * BLOCK, self._size)
            data = read_range(self._url, self._begin + begin, self._begin + end)
            if len(data) != end - begin:
                raise MediaError(self.name, 'the server returns other bytes than those asked for')
            self._blocks[number] = data
        return self._blocks[number][start : start + size]

    def _read_first(self) -> bytes:
        """Reads the beginning, checks the header of a member, and finds the size of a file."""
        begin = max(self._begin - HEADER, 0)
        end = self._begin + (WHOLE if self._size is None else min(self._size, WHOLE))
        try:
            data = read_range(self._url, begin, end)
            if len(data) > end - begin:  # a server without ranges has sent the whole file
                self._size, data = self._size or len(data), data[begin:]
            elif self._size is None:
                self._size = len(data)
                if len(data) == WHOLE:
                    self._size = facts_of(self._url)['size'] or len(data)
        except MediaError as error:
            absent = self._member and error.reason == 'no such file'
            raise MediaError(self.name, NO_SHARD if absent else error.reason) from error
        if self._member is None:
            return data
        check_header(self.name, self._member, data[:HEADER] if self._begin >= HEADER else b'')
        data = data[HEADER : HEADER + self._size]
        if len(data) < min(self._size, WHOLE):
            total = self._begin + len(data)
            raise MediaError(self.name, f'the shard is cut: it ends after {total:,} bytes')
        return data
