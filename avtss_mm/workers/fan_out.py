"""Where work on many items is fanned out: to processes of this machine, or to a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from .guarded_map import guarded_map


class Cluster(Protocol):
    """Machines that work together; see :class:`.RayCluster`."""

    def spread(
        self, work: Callable[[Sequence], Iterable[tuple]], items: Iterable, on_gpus: bool = False
    ) -> Iterator[tuple[Any, Any]]:
        """Yields what ``work`` yields of items, some at a time on each machine."""


Workers = int | Cluster
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
    return workers.spread(partial(guarded_map, function, timeout=timeout), items)
