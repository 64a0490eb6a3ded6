"""What a process and all that it started use, read from /proc (Linux)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PAGE_MB = os.sysconf('SC_PAGE_SIZE') / 1e6
TICK = 1 / os.sysconf('SC_CLK_TCK')
PROC = Path('/proc')
SHARED = '/dev/shm/'  # nosec B108
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
"""A process may end while it is looked at."""


def descendants(root: int) -> list[int]:
    """Ids of a process and of all below it."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(*GONE):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def usage(root: int) -> dict[str, float]:
    """Memory, open files, shared memory and CPU time of a process and all below it.

    Returns:
        dict: ``rss_mb`` and ``anon_mb`` (resident memory, with pages that several share counted for
        each; and that of it which no file backs), ``shm_mb`` (files in /dev/shm, each once),
        ``fds``, ``processes``, and ``cpu_s``, which includes processes that have ended.
    """
    total = dict.fromkeys(('rss_mb', 'anon_mb', 'fds', 'processes', 'cpu_s'), 0.0)
    shared = {}
    for pid in descendants(root):
        with suppress(*GONE):
            folder = PROC / str(pid)
            resident, backed = map(int, (folder / 'statm').read_text().split()[1:3])
            total['rss_mb'] += resident * PAGE_MB
            total['anon_mb'] += (resident - backed) * PAGE_MB
            # user and system time, own and of children that were waited for
            total['cpu_s'] += sum(map(int, _stat(pid)[11:15])) * TICK
            total['processes'] += 1
            total['fds'] += len(os.listdir(folder / 'fd'))
            shared.update(_shared_maps(folder))
    return dict(total, shm_mb=sum(shared.values()))


def _stat(pid: int) -> list[str]:
    """Fields of ``/proc/PID/stat`` after the name, which may hold anything."""
    return (PROC / str(pid) / 'stat').read_text().rpartition(')')[2].split()


def _shared_maps(folder: Path) -> dict[str, float]:
    """MB by inode of what a process maps of /dev/shm."""
    sizes = {}
    for line in (folder / 'maps').read_text(errors='replace').splitlines():
        span, _, _, _, inode, *path = line.split(maxsplit=5)
        if path and path[0].startswith(SHARED):
            begin, end = (int(place, 16) for place in span.split('-'))
            sizes[inode] = sizes.get(inode, 0.0) + (end - begin) / 1e6
    return sizes
