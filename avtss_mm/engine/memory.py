"""Keeps the memory that a training step frees for the next step."""

from __future__ import annotations

from mmengine.device import get_device

from ..workers.memory import LARGEST, keep_freed


def keep_freed_memory() -> bool:
    """Let this process keep freed memory instead of returning it to the system.

    By default glibc requests the memory of each large tensor from the system, which clears it page
    by page: a quarter of the time of a training step on the CPU. The price is that a process never
    shrinks, and that some memory is wasted between tensors of different sizes.

    Returns:
        bool: Whether it is done. Nothing changes with a GPU or a C library other than glibc.
    """
    return get_device() == 'cpu' and keep_freed(LARGEST, LARGEST)
