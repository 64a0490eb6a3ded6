"""Names and drafts of cached files."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .whole_file import written_whole


def digest(value: Any) -> str:
    """Short hash of a plain value."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def kept_whole(path: Path) -> Iterator[Path]:
    """:func:`written_whole` that creates the folder and allows several writers of one file.

    The draft of a killed process stays, hidden, until the folder is deleted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path, mark=secrets.token_hex(4)) as draft:
        yield draft
