"""Atomic writes: files that are complete whenever they exist."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 200
"""Maximum bytes of a name that its draft starts with: file systems allow 255."""


def draft_of(path, mark: str = 'part') -> Path:
    """Path of a file while it is incomplete: hidden, in the same folder, with the same suffix."""
    path = Path(path)
    stem, suffix = path.stem, path.suffix
    if len(os.fsencode(path.name)) > LONGEST:
        stem = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]
        suffix = suffix if len(os.fsencode(suffix)) < 32 else ''
    return path.with_name(f'.{stem}.{mark}{suffix}')


@contextmanager
def written_whole(path, mark: str = 'part') -> Iterator[Path]:
    """Yields the path of a draft to write to, which becomes ``path`` at the end of the block.

    After an exception ``path`` is unchanged and the draft is gone. A killed process leaves its
    draft behind; the next one overwrites it.

    Args:
        path: Path of the file; its folder must exist.
        mark (str): Mark in the name of the draft. With different marks, several processes may write
            the same file at the same time; the last one wins. Defaults to 'part'.
    """
    draft = draft_of(path, mark)
    try:
        yield draft
        with suppress(OSError):  # safetensors writes files that only their owner may read
            draft.chmod(0o666 & ~_umask())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    umask = os.umask(0o077)  # for a moment, other threads write for the owner alone
    os.umask(umask)
    return umask


def write_whole(path, text: str) -> None:
    """Writes text (UTF-8) to a file, completely or not at all; creates its folder if needed."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as draft:
        draft.write_text(text, encoding='utf-8')
