"""A journal of finished work, one line per item, so that a killed run can be continued."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def read_journal(path: str | Path) -> Iterator[Any]:
    """Yields the values of a journal; skips incomplete or damaged lines.

    Args:
        path: Path of the journal (JSON lines). A missing file has no values.
    """
    if os.path.exists(path):
        for line in Path(path).read_text(encoding='utf-8', errors='replace').splitlines():
            with suppress(ValueError, RecursionError):
                yield json.loads(line)


@contextmanager
def journal(path: str | Path) -> Iterator[Callable[[Any], None]]:
    """Yields a function that appends a value to a journal, which is created if missing.

    The value is in the file when the function returns. After an incomplete line it starts a new
    one.
    """
    with open(path, 'a+b') as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read() != b'\n':
                file.write(b'\n')

        def add(value: Any) -> None:
            file.write(json.dumps(value).encode() + b'\n')
            file.flush()

        yield add
