"""Memory of a process: what it keeps of what it has freed, and how much it may take."""

from __future__ import annotations

import ctypes
from pathlib import Path

try:
    import resource
except ImportError:  # on Windows
    resource = None

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h
LARGEST = 2**31 - 1

BLOCK, TOP = 2**25, 2**26
"""Bytes that a worker keeps: blocks up to this size, and this much in all beyond those in use."""

GB = 10**9

STATUS = Path('/proc/self/status')


def keep_freed(block: int = BLOCK, top: int = TOP) -> bool:
    """Lets this process keep freed memory instead of returning it to the system.

    By default glibc requests large blocks from the system, which clears them page by page.

    Args:
        block: Bytes of the largest block to keep. Defaults to 32 MiB.
        top: Bytes to keep at most at the end of the heap. Defaults to 64 MiB.

    Returns:
        bool: Whether it is done. Nothing changes with a C library other than glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None:
        return False
    return all([mallopt(M_MMAP_THRESHOLD, block), mallopt(M_TRIM_THRESHOLD, top)])


def give_back_freed() -> None:
    """Returns freed memory to the system; with a C library other than glibc nothing happens."""
    if (trim := getattr(ctypes.CDLL(None), 'malloc_trim', None)) is not None:
        trim(0)


def can_limit_memory() -> bool:
    """Whether :func:`limit_memory` works on this system."""
    return resource is not None and STATUS.exists()


def limit_memory(gb: float) -> None:
    """Lets this process take only ``gb`` GB more than now; allocations beyond them fail."""
    lines = STATUS.read_text().splitlines()
    (used,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith('VmData:'))
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (used + int(gb * GB), hard))


def check_memory(error: Exception) -> None:
    """Raises an error that comes from such a limit. Others, as damaged data cause them, pass."""
    if isinstance(error, MemoryError) and resource is not None:
        if resource.getrlimit(resource.RLIMIT_DATA)[0] != resource.RLIM_INFINITY:
            raise error


def lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or its cause, means that there was no memory."""
    if error is None:
        return False
    words = str(error).lower()  # of OpenCV and torch
    return (
        isinstance(error, MemoryError)
        or 'insufficient memory' in words
        or "can't allocate memory" in words
        or lacks_memory(error.__cause__)
    )
