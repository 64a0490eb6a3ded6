"""Memory that one training step frees is there for the next."""

from __future__ import annotations

import ctypes

from mmengine.device import get_device

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep what it frees, instead of handing it back to the system.

    By default glibc takes the memory of each large tensor anew from the system, which clears it
    page by page: a quarter of the time of a training step on the CPU. The price is that a process
    stays as large as it ever was, and some waste between tensors of different sizes.

    Returns:
        bool: Whether it is done. Where a GPU trains, or another C library than glibc is in use,
        all stays as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None or get_device() != 'cpu':
        return False
    return all([mallopt(name, LARGEST) for name in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD)])
