"""A cache of remote files on a local disk, within a number of bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..files.kept import digest, kept_whole

SLACK = 0.002
"""Share of the bound that a process may add until it looks at the whole cache."""

TRIMMED = 0.9
"""Share of the bound that stays when the cache is trimmed."""


class FileCache:
    """Keeps remote files in a folder that several processes and runs may share.

    The files that were not read for the longest time go first. A file that is replaced on its
    server is not noticed: delete the folder then.

    Args:
        folder: Folder of the cache, on a local disk; created when needed.
        gb: Size that it may have, in GB; larger files are not kept.
    """

    def __init__(self, folder: str, gb: float) -> None:
        self.folder, self.max_bytes = Path(folder), int(gb * 1e9)
        self._added = self.max_bytes  # the first file makes it look

    def open(self, name: str) -> BinaryIO | None:
        """Open a kept file by its URL or address; None if it is not kept."""
        try:
            path = self._path(name)
            file = open(path, 'rb', buffering=0)
            os.utime(path)
            return file
        except OSError:
            return None

    def keep(self, name: str, size: int, read_at: Callable[[int, int], bytes]) -> None:
        """Keep a file; without effect if the disk is full or not writable.

        Args:
            name: Its URL or address.
            size: Its length in bytes.
            read_at: Function of a number of bytes and a position that reads at most as many.
        """
        with suppress(OSError), kept_whole(self._path(name)) as draft, open(draft, 'wb') as file:
            while file.tell() < size:
                file.write(read_at(size - file.tell(), file.tell()))
        self._added += size
        if self._added > SLACK * self.max_bytes:
            self._trim()

    def _path(self, name: str) -> Path:
        key = digest(name)
        return self.folder / key[:2] / key

    def _trim(self) -> None:
        files = []
        for path in self.folder.rglob('*'):
            with suppress(OSError):  # another process has deleted it
                status = path.stat()
                files += [(status.st_mtime_ns, status.st_size, path)] if path.is_file() else []
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files) if total > self.max_bytes else ():
            if total <= TRIMMED * self.max_bytes:
                break
            with suppress(OSError):
                path.unlink()
            total -= size
        self._added = 0
