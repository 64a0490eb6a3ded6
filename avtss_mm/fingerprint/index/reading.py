"""Messages about unreadable databases: only a damaged one must be rebuilt."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import UsageError

UNREACHABLE = ('unable to open', 'readonly', 'locked', 'disk I/O')
"""Parts of error messages that do not mean damage."""


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Turns errors of reading a catalog into messages.

    Raises:
        UsageError: If the catalog is damaged or cannot be reached.
    """
    try:
        yield
    except (sqlite3.Error, KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, sqlite3.Error) and any(words in str(error) for words in UNREACHABLE):
            raise UsageError(f'{path} cannot be read: {error}') from error
        raise UsageError(
            f'{path} is damaged or not the catalog of an index ({error}): rebuild it '
            'with "avtss-fp index DIR -o INDEX --checkpoint CHECKPOINT --rebuild"'
        ) from error


def has_journal(path: str) -> bool:
    """Whether a journal next to the database holds changes that must not be ignored."""
    try:
        return os.path.getsize(f'{path}-wal') > 0
    except OSError:
        return False
