"""Ends a runner in ``tools/`` gracefully on Ctrl-C or SIGTERM of a launcher or cluster."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..utils.launcher import speaks_for_all


@contextmanager
def graceful_shutdown(advice: str, last_words: Callable[[], str]) -> Iterator[list[int]]:
    """End on SIGTERM and Ctrl-C with a message and the exit status 128 + signal.

    A launcher sends SIGTERM if another rank has died, a cluster if it wants the machine back. Both
    kill the process soon after, so the message comes first.

    Args:
        advice: Text that says how to continue after SIGTERM.
        last_words: Function that makes the line for Ctrl-C, called at the end.

    Yields:
        list: Signals received so far. If there are any, pass errors on: data workers end as well,
        which causes an error.
    """
    owner, asked = os.getpid(), []

    def stop(number: int, _) -> None:
        if os.getpid() != owner:  # a data worker, which inherits this handler
            if number == signal.SIGINT:  # its owner receives it, too: this is no crash
                os._exit(0)
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        asked.append(number)
        if number == signal.SIGTERM:
            print(f'error: ended by SIGTERM; {advice}', file=sys.stderr)
            sys.exit(128 + number)
        if len(asked) == 1:
            raise KeyboardInterrupt
        if len(asked) > 2:  # a launcher repeats the first signal; the user's second ends it
            os._exit(128 + number)

    def report(kind: type[BaseException], error: BaseException, trace) -> None:
        # the thread in which a data worker sends its tensors fails if the receiver has ended
        if os.getpid() == owner or not isinstance(error, (ConnectionError, EOFError)):
            reporter(kind, error, trace)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    reporter, sys.excepthook = sys.excepthook, report
    try:
        yield asked
    except (Exception, KeyboardInterrupt):
        if not asked:
            raise
        if asked[0] == signal.SIGINT and speaks_for_all():
            print(f'interrupted. {last_words()}', file=sys.stderr)
        sys.exit(128 + asked[0])
    finally:
        sys.excepthook = reporter
        for number, handler in before.items():
            signal.signal(number, handler)
