"""What the readers of official lists share: what they return, and how they read files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..utils.cli import UsageError


class Clip(NamedTuple):
    """A line of an official list.

    Attributes:
        names: Names that its file may have, best first: the end of a path, with ``/``; a suffix
            is not needed.
        row: What a manifest says of it besides the facts of the file: ``group``, and where it is
            known ``label``.
    """

    names: tuple[str, ...]
    row: dict


class Listing(NamedTuple):
    """The official lists of a data set.

    Attributes:
        classes: Names by label.
        splits: Clips of each manifest, in the order of the list.
        absent: Lists that are not there.
    """

    classes: list[str]
    splits: dict[str, list[Clip]]
    absent: list[str]


def find_lists(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder, then of the folders in it, whose names match a pattern."""
    return [*sorted(folder.glob(pattern)), *sorted(folder.glob(f'*/{pattern}'))]


def find_list(folder: Path, name: str) -> Path:
    """The list of this name.

    Raises:
        UsageError: If it is neither in the folder nor in a folder of it.
    """
    found = find_lists(folder, name)
    if not found:
        raise UsageError(f'there is no {name} in {folder}')
    return found[0]


@contextmanager
def official_form(path: Path) -> Iterator[None]:
    """Names the file when its content is not what it must be."""
    try:
        yield
    except (IndexError, KeyError, ValueError) as error:
        raise UsageError(f'{path} is not in the official form ({error!r})') from error


def read_lines(path: Path) -> list[str]:
    """Lines that are not blank, without the blanks around them."""
    lines = (line.strip() for line in path.read_text(encoding='utf-8').splitlines())
    return [line for line in lines if line]


def read_table(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, str]]:
    """Rows of a CSV file by the names of its columns; comments (``# ...``) are left out.

    Args:
        path: File to read.
        columns: Names of the columns. Defaults to what the first line says.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        lines = (line for line in file if not line.startswith('#'))
        return list(csv.DictReader(lines, columns, skipinitialspace=True))
