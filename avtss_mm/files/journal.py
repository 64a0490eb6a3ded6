"""What a run has done so far, a line each, so that the next one goes on after a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def read_journal(path: str | Path) -> Iterator[Any]:
    """The values of a journal; lines that were cut off or damaged are passed over.

    Args:
        path: JSON lines. Without such a file there is nothing.
    """
    if os.path.exists(path):
        for line in Path(path).read_text(encoding='utf-8', errors='replace').splitlines():
            with suppress(ValueError, RecursionError):
                yield json.loads(line)


@contextmanager
def journal(path: str | Path) -> Iterator[Callable[[Any], None]]:
    """Give a function that appends a value to a journal, which is made if it is not there.

    A value is in the file when the function returns. After a line that was cut off, a new line is
    begun.
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
