"""Shared by the readers of official lists: the results, and the reading of files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError


class Clip(NamedTuple):
    """A line of an official list.

    Attributes:
        names: Possible names of its file, best first: ends of paths with ``/``, with or without
            suffix.
        row: Entries of its manifest row besides the metadata of the file: ``group``, and ``label``
            if it is known.
    """

    names: tuple[str, ...]
    row: dict


class Listing(NamedTuple):
    """The official lists of a data set.

    Attributes:
        classes: Names by label.
        splits: Clips of each manifest, in the order of the list.
        absent: Names of missing lists.
    """

    classes: list[str]
    splits: dict[str, list[Clip]]
    absent: list[str]


def find_lists(folder: Path, pattern: str) -> list[Path]:
    """Finds files whose names match a pattern, in a folder and then in its subfolders."""
    return [*sorted(folder.glob(pattern)), *sorted(folder.glob(f'*/{pattern}'))]


def find_list(folder: Path, name: str) -> Path:
    """Finds the list with a name.

    Raises:
        UsageError: If it is neither in the folder nor in a subfolder.
    """
    found = find_lists(folder, name)
    if not found:
        raise UsageError(f'there is no {name} in {folder}')
    return found[0]


OTHER_FORM = (
    *(IndexError, KeyError, ValueError, TypeError, AttributeError, csv.Error),
    OverflowError,  # an infinite time
)


class OfficialFile:
    """An official list while it is read; ``line`` is the number of the current line."""

    def __init__(self, path: Path) -> None:
        self.path, self.line = path, 0

    def lines(self) -> Iterator[str]:
        """Yields the non-blank lines, stripped."""
        lines = self.path.read_text(encoding='utf-8-sig').split('\n')
        for self.line, line in enumerate(lines, 1):
            if line.strip():
                yield line.strip()
        self.line = 0

    def table(
        self, columns: Sequence[str] | None = None, whole: bool = True
    ) -> Iterator[dict[str, str]]:
        """Yields the rows of a CSV file by column name; skips comments (``# ...``).

        Args:
            columns: Names of the columns. Defaults to those in the first line.
            whole: Whether every row must have all columns. Defaults to True.
        """
        with open(self.path, newline='', encoding='utf-8-sig') as file:
            lines = (line for self.line, line in enumerate(file, 1) if not line.startswith('#'))
            for row in csv.DictReader(lines, columns, skipinitialspace=True):
                if whole and None in row.values():
                    raise ValueError('too few columns')
                yield row
        self.line = 0


def end_of_path(path: str, num_parts: int) -> str:
    """Last parts of a path in any form: absolute, or with backslashes as on Windows."""
    return '/'.join(path.replace('\\', '/').split('/')[-num_parts:])


@contextmanager
def official_form(path: Path) -> Iterator[OfficialFile]:
    """Opens an official list; errors name the file and the line.

    Raises:
        UsageError: If the list is not in its official form.
    """
    file = OfficialFile(path)
    try:
        yield file
    except OTHER_FORM as error:
        place = f'{path}, line {file.line}' if file.line else path
        raise UsageError(f'{place} is not in the official form ({error!r})') from error
