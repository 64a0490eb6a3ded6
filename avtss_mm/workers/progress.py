"""Progress bars on the standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Timer

from tqdm import tqdm

EVERY = 60
"""Seconds between two states of a bar in a file, which keeps all of them."""

SOON = 2
"""Seconds after which work that is mostly short shows its bar."""


def bar(items: Iterable | None = None, what: str | None = None, total=None, **options) -> tqdm:
    """Makes tqdm's bar; where the standard error is no terminal, it moves once a minute.

    Args:
        items: What the bar iterates over. Defaults to None: ``update`` moves it.
        what: Name of the work. Defaults to None.
        total: Number of items. Defaults to None: that of ``items``, if it has a length.
        **options: Further arguments of tqdm, such as ``unit``.
    """
    if not sys.stderr.isatty():
        options.update(mininterval=EVERY, maxinterval=EVERY)
    return tqdm(items, what, total, **options)


def late_bar(items: Iterable, what: str, total=None, unit: str = 'file') -> tqdm:
    """Makes a bar that shows itself after ``SOON`` and vanishes in the end: most work is short."""
    return bar(items, what, total, unit=unit, delay=SOON, leave=False)


@contextmanager
def late_note(text: str) -> Iterator[None]:
    """Says after ``SOON`` what the block is doing, where a library tells nothing in between."""
    note = Timer(SOON, print, (text,), dict(file=sys.stderr, flush=True))
    note.start()
    try:
        yield
    finally:
        note.cancel()
