"""Arguments of the commands that process many files. Imports nothing slow."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from ..errors import UsageError
from ..workers.fan_out import Workers
from ..workers.ray_cluster import RayCluster

MAX_SECONDS = 10**6
"""Longest time limit: nothing takes longer, and the system's timers hold little more."""

TIMEOUT = 300.0
"""Default time limit in seconds for decoding ``batch_size`` clips."""

BATCH_OF_CLIPS = 'decoding a batch of clips'
"""What this time limit applies to, for the help of a command."""

COPY_TIMEOUT = 600.0
"""Default time limit of a distorted copy in seconds."""


def add_work_arguments(parser: ArgumentParser, timeout: float = 60, work: str = 'a file') -> None:
    """Add the arguments of all commands that process many files, for :func:`workers_of`.

    Args:
        parser: Parser to add them to.
        timeout: Default time limit of ``work`` in seconds.
        work: What the time limit applies to, for the help.
    """
    add_local_work_arguments(parser, timeout, work)
    parser.set_defaults(workers=None)
    parser.add_argument(
        '--engine',
        choices=['local', 'ray'],
        default='local',
        help='where: in processes of this machine (default), or on a Ray cluster; there --workers '
        'limits the tasks at a time',
    )
    parser.add_argument(
        '--ray-address',
        metavar='HOST:PORT',
        help='head of the cluster (default: RAY_ADDRESS, the cluster of this machine or a new one)',
    )


def add_local_work_arguments(parser: ArgumentParser, timeout: float, work: str) -> None:
    """Add the arguments of a command that only works on this machine."""
    parser.add_argument(
        '--workers', type=positive, default=os.cpu_count() or 1, help='processes (one per core)'
    )
    parser.add_argument(
        '--timeout',
        type=_seconds,
        default=timeout,
        metavar='SECONDS',
        help=f'time limit of {work}; then the file is skipped (%(default)g)',
    )


def workers_of(args: Namespace) -> Workers:
    """Processes or the cluster that the arguments of :func:`add_work_arguments` ask for.

    Raises:
        UsageError: If there is no such cluster.
    """
    if args.engine == 'local':
        if args.ray_address is not None:
            raise UsageError('--ray-address is for --engine ray')
        return args.workers or os.cpu_count() or 1
    return RayCluster(args.ray_address, args.workers)


def positive(text: str) -> int:
    """Parse a positive integer."""
    if int(text) < 1:
        raise ArgumentTypeError(f'must be at least 1, but is {text}')
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= MAX_SECONDS:
        raise ArgumentTypeError(f'must be above 0 and at most {MAX_SECONDS:,}, but is {text}')
    return seconds


def add_suffixes_argument(parser: ArgumentParser) -> None:
    """Add the argument that includes files with other suffixes."""
    parser.add_argument(
        '--suffixes',
        nargs='+',
        type=_suffix,
        default=[],
        metavar='SUFFIX',
        help='also use files with these suffixes, such as .gif; "none" for files without one',
    )


def _suffix(text: str) -> str:
    return '' if text == 'none' else f'.{text.lower().removeprefix(".")}'
