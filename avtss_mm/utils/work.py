"""Arguments of the commands that go through many files. Imports nothing that takes its time."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError

MAX_SECONDS = 10**6
"""More than anything takes; the clocks of the system that wait for it hold little more."""

TIMEOUT = 300.0
"""Seconds that the decoding of ``batch_size`` clips may take, unless told otherwise."""

BATCH_OF_CLIPS = 'the decoding of a batch of clips'
"""What takes that time, in the help of a command."""

COPY_TIMEOUT = 600.0
"""Seconds that making one distorted copy may take, unless told otherwise."""


def add_work_arguments(parser: ArgumentParser, timeout: float = 60, work: str = 'a file') -> None:
    """Add the arguments of every command that goes through many files.

    Args:
        parser: Where to add them.
        timeout: Seconds that ``work`` may take unless the user says otherwise.
        work: What is cut off after that time.
    """
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes (one a core)'
    )
    parser.add_argument(
        '--timeout',
        type=_seconds,
        default=timeout,
        metavar='SECONDS',
        help=f'that {work} may take before it is given up (%(default)g)',
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= MAX_SECONDS:
        raise ArgumentTypeError(f'must be above 0 and at most {MAX_SECONDS:,}, but is {text}')
    return seconds
