"""Where work on many items is fanned out: to processes of this machine, or to a cluster."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .guarded_map import guarded_map
from .ray_cluster import RayCluster

PR_SET_PDEATHSIG = 1
"""Option of prctl(2)."""


Workers = int | RayCluster
"""Number of processes of this machine, or a cluster."""


def fan_out(
    function: Callable[[Any], Any],
    items: Iterable,
    workers: Workers = 1,
    timeout: float = 60.0,
) -> Iterator[tuple[Any, Any]]:
    """Applies a function to items in many processes, each with a time limit.

    Args:
        function: Function to call in a worker process; must be importable there.
        items: Items to apply it to; on a cluster they must be hashable and different.
        workers: Number of processes of this machine, or a cluster.
        timeout: Time limit of an item in seconds; then its worker is killed and replaced.

    Yields:
        tuple: Item and its result or a :class:`.WorkerError`, in order of completion.
    """
    if isinstance(workers, int):
        return guarded_map(function, items, workers, timeout)
    function = partial(_ending_with_parent, function)
    return workers.spread(partial(guarded_map, function, timeout=timeout), items)


def _ending_with_parent(function: Callable[[Any], Any], item) -> Any:
    """Calls a function in a process that ends at once with the process that started it.

    Otherwise it would still write a file when another machine has begun to write the same.
    """
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return function(item)
