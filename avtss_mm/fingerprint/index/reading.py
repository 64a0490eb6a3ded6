"""What is said of a database that cannot be read: only a damaged one is to be built anew."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import UsageError

UNREACHABLE = ('unable to open', 'readonly', 'locked', 'disk I/O')
"""Words of errors that say nothing of what is in a database."""


@contextmanager
def readable(path: str) -> Iterator[None]:
    """Turns what reading a catalog raises into a message.

    Raises:
        UsageError: If it is damaged, or cannot be reached.
    """
    try:
        yield
    except (sqlite3.Error, KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, sqlite3.Error) and any(words in str(error) for words in UNREACHABLE):
            raise UsageError(f'{path} cannot be read: {error}') from error
        raise UsageError(
            f'{path} is damaged or not the catalog of an index ({error}): build it anew '
            'with "avtss-fp index DIR -o INDEX --checkpoint CHECKPOINT --rebuild"'
        ) from error


def has_journal(path: str) -> bool:
    """Whether changes wait beside a database, in a journal that must not be passed over."""
    try:
        return os.path.getsize(f'{path}-wal') > 0
    except OSError:
        return False
