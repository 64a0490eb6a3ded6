"""Runs a function over many items in processes that can be killed one by one."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

from .memory import keep_freed

# a forked worker does not import everything again
CONTEXT = multiprocessing.get_context(
    'fork' if 'fork' in multiprocessing.get_all_start_methods() else None
)

GRACE = 5.0
"""Seconds after the time limit until a worker ends by itself; the longest wait for its death."""

HEARTBEAT = 1.0
"""Seconds after which waiting returns to Python: Ray ends a task by a mark, not by a signal."""

DEADLY = ('SIGINT', 'SIGTERM', 'SIGALRM', 'SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGABRT')
"""Signals that end a worker at once, whatever handlers its parent has set."""


class WorkerError(Exception):
    """The function raised an error, or its worker crashed or was killed at the time limit."""


class GuardedWorker:
    """A process that applies a function to one item after another and can be killed at any time.

    A worker may itself start such a process. It ends with the process that started it: at once
    if it is idle, otherwise when the time limit of its item is over.

    Args:
        function: Function to call in the worker.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self._start()

    def _start(self) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        ends = (theirs, self.pipe)
        self.process = CONTEXT.Process(target=_serve, args=(self.function, *ends), daemon=True)
        with _children_allowed():
            self.process.start()
        theirs.close()  # so that the death of the process ends the pipe

    def give(self, item, timeout: float) -> None:
        """Starts on an item, in a new process if the old one has ended."""
        if not self.process.is_alive():
            self.pipe.close()
        if self.pipe.closed:
            self._start()
        self.item, self.timeout, self.deadline = item, timeout, time.monotonic() + timeout
        with suppress(BrokenPipeError):  # it has just crashed: that is what `take` finds
            self.pipe.send((item, timeout))

    def take(self) -> Any:
        """Returns the result or a :class:`WorkerError` that says why there is none; never waits.

        Raises:
            KeyboardInterrupt: If Ctrl-C has ended the process.
        """
        if not self.pipe.poll():
            self.kill()
            return WorkerError(f'no answer within {self.timeout:g} s')
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(GRACE)
            self.kill()
            if self.process.exitcode == -signal.SIGINT:  # Ctrl-C reached it first
                raise KeyboardInterrupt from None
            return WorkerError(f'the decoder crashed ({_how_it_ended(self.process.exitcode)})')

    def ask(self, item, timeout: float) -> Any:
        """Returns the result of an item or a :class:`WorkerError` within ``timeout`` seconds."""
        try:
            self.give(item, timeout)
            self.pipe.poll(timeout)
            return self.take()
        except BaseException:  # Ctrl-C: this answer must not be taken for that of the next item
            self.kill()
            raise

    def kill(self) -> None:
        """Kills the process, whatever it is doing."""
        self.process.kill()
        self.process.join(GRACE)  # a process that waits for a dead network drive cannot be killed
        self.pipe.close()


def guarded_map(
    function: Callable[[Any], Any], items: Iterable, workers: int = 1, timeout: float = 60.0
) -> Iterator[tuple[Any, Any]]:
    """Applies a function to items, each with a time limit that even stops a hanging C library.

    Args:
        function: Function to call in a worker process; must be importable there.
        items: Items to apply it to. An iterator may gain items while results are consumed.
        workers: Number of processes.
        timeout: Time limit of an item in seconds; then its worker is killed and replaced.

    Yields:
        tuple: Item and its result or a :class:`WorkerError`, in order of completion.
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
                worker = idle.pop() if idle else GuardedWorker(function)
                worker.give(item, timeout)
                busy[worker.pipe] = worker
            if not busy:
                return
            pause = min(worker.deadline for worker in busy.values()) - time.monotonic()
            ready = wait(list(busy), timeout=min(max(pause, 0), HEARTBEAT))
            now = time.monotonic()
            for pipe, worker in list(busy.items()):
                if pipe in ready or now >= worker.deadline:
                    result = worker.take()
                    del busy[pipe]
                    idle.append(worker)
                    yield worker.item, result
    finally:
        for worker in [*idle, *busy.values()]:
            worker.kill()


@contextmanager
def _children_allowed() -> Iterator[None]:
    """Lets a daemonic process, such as a worker of a DataLoader, start a process.

    Python forbids it, as a killed daemon would leave its children behind. Ours end by themselves.
    """
    process = multiprocessing.current_process()
    daemon = process.daemon
    process.daemon = False
    try:
        yield
    finally:
        process.daemon = daemon


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f'signal {signal.Signals(-status).name}'
    return f'exit status {status}'


def _serve(function: Callable, pipe, parents_end) -> None:
    gc.freeze()  # freeing a decoder of the parent would wait for threads that are not here
    keep_freed()
    parents_end.close()  # otherwise the pipe never ends and the worker outlives a killed parent
    for name in DEADLY:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    with suppress(EOFError, OSError):  # the parent is gone
        while True:
            item, timeout = pipe.recv()
            _set_alarm(timeout + GRACE)  # a hanging C library would outlive a killed parent
            try:
                answer = ForkingPickler.dumps(function(item))
            except Exception as error:  # no item may end the run
                answer = ForkingPickler.dumps(WorkerError(f'{type(error).__name__}: {error}'))
            _set_alarm(0)
            pipe.send_bytes(answer)


def _set_alarm(seconds: float) -> None:
    if hasattr(signal, 'setitimer'):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, seconds)
