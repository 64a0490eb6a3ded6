"""Files that are complete whenever they can be seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def draft_of(path, mark: str = 'part') -> Path:
    """Where a file lies until it is complete: hidden, beside its place, with its suffix."""
    path = Path(path)
    return path.with_name(f'.{path.stem}.{mark}{path.suffix}')


@contextmanager
def written_whole(path, mark: str = 'part') -> Iterator[Path]:
    """Give the name of a draft to write to, which becomes ``path`` when the block is left.

    An exception leaves ``path`` as it was and no draft. A process that is killed leaves the draft,
    over which the next one writes.

    Args:
        path: The file, in a folder that exists.
        mark (str): Told apart by it, several processes may write the same file at the same time;
            the last one stays. Defaults to 'part'.
    """
    draft = draft_of(path, mark)
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_whole(path, text: str) -> None:
    """Write text (UTF-8) to a file at once or not at all; its folder is made if need be."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as draft:
        draft.write_text(text, encoding='utf-8')
