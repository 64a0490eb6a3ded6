"""A cluster of machines on which Ray runs, as workers for :func:`.fan_out`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import UsageError, one_line
from .guarded_map import GRACE, WorkerError

LONGEST = 64
"""Most items of a task; its process opens and ends its own workers."""

TRIES = 4
"""How many processes or machines may be lost with an item before it is left out."""

PATIENCE = 30.0
"""Seconds within which a cluster must answer."""


class RayCluster:
    """A Ray cluster, in each process of which the work of one machine is done.

    Every machine needs this package and the same files at the same paths.

    Args:
        address: ``host:port`` of its head. Defaults to None: the one that ``RAY_ADDRESS`` names, or
            that runs on this machine, or a new one of this machine alone.
        limit: Maximum number of tasks at a time. Defaults to None: one for each CPU, or GPU.

    Raises:
        UsageError: If Ray is not installed, or no cluster answers.
    """

    def __init__(self, address: str | None = None, limit: int | None = None) -> None:
        try:
            import ray
        except ImportError as error:
            raise UsageError("--engine ray needs Ray: pip install 'avtss-mm[ray]'") from error
        self.limit = limit
        address = address or os.environ.get('RAY_ADDRESS')
        if ray.is_initialized():
            return
        if address not in (None, 'auto', 'local'):
            _check(address)
        os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # a new cluster would call home
        try:
            ray.init(address, logging_level='ERROR', log_to_driver=False, include_dashboard=False)
        except (ConnectionError, RuntimeError) as error:
            raise UsageError(f'no Ray cluster can be used: {one_line(error)}') from error

    def spread(
        self,
        work: Callable[[Sequence, int], Iterable[tuple]],
        items: Iterable,
        on_gpus: bool = False,
    ) -> Iterator[tuple[Any, Any]]:
        """Runs a function on parts of the items, in processes of the cluster.

        Items whose process or machine is lost are given to another one.

        Args:
            work: Function of some items and the number of processes that it may start; yields each
                item with its result.
            items: Hashable items, all different.
            on_gpus: Whether each process has a GPU to itself, if the cluster has any.

        Yields:
            tuple: Item and its result, or a :class:`.WorkerError` if it was lost too often.
        """
        import ray

        kind = 'GPU' if on_gpus and 'GPU' in ray.cluster_resources() else 'CPU'
        cpus = _cpus_per_gpu(ray.nodes()) if kind == 'GPU' else 1
        # a lost task is not repeated as a whole: it has already yielded a part of its results
        options = dict(num_returns='streaming', num_cpus=cpus, max_retries=0, max_calls=0)
        run = ray.remote(**options, num_gpus=int(kind == 'GPU'))(_run)
        shipped = ray.put((work, os.getcwd()))
        waiting, lost, running = deque(items), Counter(), {}
        try:
            while waiting or running:
                slots = max(1, int(ray.cluster_resources().get(kind, 1)))
                slots = min(slots, self.limit or slots)
                while waiting and len(running) < slots:
                    size = 1 if lost[waiting[0]] else len(waiting) // (4 * slots)
                    part = [waiting.popleft() for _ in range(min(max(size, 1), LONGEST))]
                    running[run.remote([shipped], part, max(cpus, 1))] = dict.fromkeys(part)
                ready, _ = ray.wait(list(running), timeout=1, fetch_local=False)
                for task in ready:
                    result = _next_result(task)
                    if result is not None:
                        del running[task][result[0]]
                        yield result
                        continue
                    for item in running.pop(task):
                        lost[item] += 1
                        if lost[item] == TRIES:
                            yield item, WorkerError(f'lost with {TRIES} processes of Ray')
                        else:
                            waiting.appendleft(item)  # alone, in case it was the cause
        finally:
            for task in running:
                ray.cancel(task)
            if running:
                ends = [task.completed() for task in running]
                ray.wait(ends, num_returns=len(ends), timeout=GRACE)


def _next_result(task) -> tuple[Any, Any] | None:
    """Item and result that a task has ready; None if it has ended, or its process is lost."""
    import ray

    try:
        return ray.get(next(task))
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except (StopIteration, ray.exceptions.RayError):
        return None


def _run(shipped: list, items: Sequence, workers: int) -> Iterator[tuple[Any, Any]]:
    """Runs in a process of the cluster; it keeps the unpacked function, perhaps with a network."""
    import ray

    (reference,) = shipped
    if reference not in _unpacked:
        _unpacked.clear()
        try:
            _unpacked[reference] = ray.get(reference)
        except ray.exceptions.RaySystemError as error:
            reason = str(error).splitlines()[0].removeprefix('System error: ')
            raise UsageError(f'{socket.gethostname()} of the cluster: {reason}') from error
    work, folder = _unpacked[reference]
    if not os.path.isdir(folder):
        raise UsageError(
            f'{socket.gethostname()} of the cluster has no folder {folder}: every machine needs '
            'the same files at the same paths'
        )
    os.chdir(folder)
    yield from work(items, workers)


_unpacked: dict[Any, tuple[Callable, str]] = {}


def _cpus_per_gpu(nodes: list[dict]) -> int:
    """Number of CPUs that each GPU can have, on every machine with GPUs."""
    machines = [node['Resources'] for node in nodes if node['Alive']]
    return int(min(m.get('CPU', 0) // m['GPU'] for m in machines if m.get('GPU')))


def _check(address: str) -> None:
    """Connects in another process first, which can be killed: Ray itself tries for minutes.

    Raises:
        UsageError: If no cluster answers.
    """
    command = [sys.executable, '-c', 'import ray, sys; ray.init(sys.argv[1])', address]
    try:
        host, _, port = address.rpartition(':')
        socket.create_connection((host, int(port)), PATIENCE).close()
        subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE, text=True)
        return
    except (OverflowError, ValueError):
        reason = 'HOST:PORT of its head is expected'
    except OSError as error:
        reason = error.strerror or error
    except subprocess.TimeoutExpired:
        reason = f'nothing within {PATIENCE:g} s'
    except subprocess.CalledProcessError as error:
        reason = one_line((error.stderr.splitlines() or ['it is none'])[-1])
    raise UsageError(f'--ray-address {address}: no Ray cluster answers ({reason})')
