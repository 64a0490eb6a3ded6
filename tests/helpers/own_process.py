"""Calls a function in a process of its own, which has no other children.

Fake CUDA tensors and torch.compile make autograd refuse to run in later forks of their process.
"""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Callable

FORK = multiprocessing.get_context('fork')


def in_own_process(function: Callable) -> Callable:
    """Call the function in a fork; its result must be picklable, its arguments need not."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=lambda: theirs.send(function(*args, **kwargs)))
        process.start()
        theirs.close()
        try:
            return ours.recv()
        except EOFError:
            raise AssertionError('it failed; its traceback is in the captured stderr') from None
        finally:
            process.join()

    return call
