"""How a runner in ``tools/`` ends when it is asked to: by Ctrl-C, a launcher or a cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

IS_FIRST = os.environ.get('RANK', '0') == '0'
"""Whether this process speaks for all."""


@contextmanager
def graceful_shutdown(advice: str, last_words: Callable[[], str]) -> Iterator[list[int]]:
    """On SIGTERM and Ctrl-C end with a word, and the status 128 + signal, instead of at once.

    SIGTERM is sent by a launcher when another process of the run died, by a cluster when it wants
    the machine: soon the process is killed, so that the word comes first.

    Args:
        advice: How to go on after SIGTERM.
        last_words: Makes the line for Ctrl-C, when all has ended.

    Yields:
        list: The signals that have come. If there is one, errors are to be passed on: data workers
        end too, and that is an error.
    """
    owner, asked = os.getpid(), []

    def stop(number: int, _) -> None:
        if os.getpid() != owner:  # a data worker, which inherits this
            if number == signal.SIGINT:  # its owner has it, too, and must not take it for a crash
                os._exit(0)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        asked.append(number)
        if number == signal.SIGTERM:
            print(f'error: ended by SIGTERM; {advice}', file=sys.stderr)
            sys.exit(128 + number)
        if len(asked) == 1:
            raise KeyboardInterrupt
        if len(asked) > 2:  # a launcher repeats the first: the user's second ends it at once
            os._exit(128 + number)

    def report(kind: type[BaseException], error: BaseException, trace) -> None:
        # the thread by which a data worker hands over its tensors, when their taker has ended
        if os.getpid() == owner or not isinstance(error, (ConnectionError, EOFError)):
            reporter(kind, error, trace)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    reporter, sys.excepthook = sys.excepthook, report
    try:
        yield asked
    except (Exception, KeyboardInterrupt):
        if not asked:
            raise
        if asked[0] == signal.SIGINT and IS_FIRST:
            print(f'interrupted. {last_words()}', file=sys.stderr)
        sys.exit(128 + asked[0])
    finally:
        sys.excepthook = reporter
        for number, handler in before.items():
            signal.signal(number, handler)
