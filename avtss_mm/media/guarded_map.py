"""Runs a function over many items in processes that can be killed one by one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any

# a forked worker need not import everything again
CONTEXT = multiprocessing.get_context(
    'fork' if 'fork' in multiprocessing.get_all_start_methods() else None
)


class WorkerError(Exception):
    """What the function raised; or its worker crashed, or was killed after too long a time."""


class _Worker:
    """One process and the item it works on."""

    def __init__(self, function: Callable) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        ends = (theirs, self.pipe)
        self.process = CONTEXT.Process(target=_serve, args=(function, *ends), daemon=True)
        self.process.start()
        theirs.close()  # so that the death of the process ends the pipe

    def give(self, item, timeout: float) -> None:
        self.item, self.timeout, self.deadline = item, timeout, time.monotonic() + timeout
        self.pipe.send(item)

    def take(self) -> Any:
        """The result, or the reason why there is none."""
        if not self.pipe.poll():
            self.kill()
            return WorkerError(f'no answer within {self.timeout:g} s')
        try:
            return self.pipe.recv()
        except EOFError:
            self.kill()
            return WorkerError(f'the worker crashed (exit status {self.process.exitcode})')

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def guarded_map(
    function: Callable[[Any], Any], items: Iterable, workers: int = 1, timeout: float = 60.0
) -> Iterator[tuple[Any, Any]]:
    """Applies a function to items, each with a time limit that also ends a hanging C library.

    Args:
        function: Called in a worker process; must be importable there.
        items: What to apply it to.
        workers: Number of processes.
        timeout: Seconds an item may take; its worker is killed then and a new one started.

    Yields:
        tuple: The item and its result, or a :class:`WorkerError`; in the order of completion.
    """
    items = iter(items)
    idle, busy = [], {}
    try:
        while True:
            while len(busy) < workers:
                try:
                    item = next(items)
                except StopIteration:
                    break
                worker = idle.pop() if idle else _Worker(function)
                worker.give(item, timeout)
                busy[worker.pipe] = worker
            if not busy:
                return
            pause = min(worker.deadline for worker in busy.values()) - time.monotonic()
            ready = wait(list(busy), timeout=max(pause, 0))
            now = time.monotonic()
            for pipe, worker in list(busy.items()):
                if pipe in ready or now >= worker.deadline:
                    result = worker.take()
                    del busy[pipe]
                    if worker.process.is_alive():
                        idle.append(worker)
                    yield worker.item, result
    finally:
        for worker in [*idle, *busy.values()]:
            worker.kill()


def _serve(function: Callable, pipe, parents_end) -> None:
    parents_end.close()  # else the pipe never ends, and the worker outlives a killed parent
    while True:
        try:
            item = pipe.recv()
        except EOFError:
            return
        try:
            result = function(item)
        except Exception as error:  # whatever it is: one item must not end the run
            result = WorkerError(f'{type(error).__name__}: {error}')
        pipe.send(result)
