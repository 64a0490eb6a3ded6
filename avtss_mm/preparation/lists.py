"""What the readers of official lists share: what they return, and how they read files."""

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


OTHER_FORM = (
    *(IndexError, KeyError, ValueError, TypeError, AttributeError, csv.Error),
    OverflowError,  # of an infinite time
)


class OfficialFile:
    """An official list that is being read; ``line`` is the number of the line it has come to."""

    def __init__(self, path: Path) -> None:
        self.path, self.line = path, 0

    def lines(self) -> Iterator[str]:
        """Lines that are not blank, without the blanks around them."""
        lines = self.path.read_text(encoding='utf-8-sig').split('\n')
        for self.line, line in enumerate(lines, 1):
            if line.strip():
                yield line.strip()
        self.line = 0

    def table(
        self, columns: Sequence[str] | None = None, whole: bool = True
    ) -> Iterator[dict[str, str]]:
        """Rows of a CSV file by the names of its columns; comments (``# ...``) are left out.

        Args:
            columns: Names of the columns. Defaults to what the first line says.
            whole: Whether every row must have all of them. Defaults to True.
        """
        with open(self.path, newline='', encoding='utf-8-sig') as file:
            lines = (line for self.line, line in enumerate(file, 1) if not line.startswith('#'))
            for row in csv.DictReader(lines, columns, skipinitialspace=True):
                if whole and None in row.values():
                    raise ValueError('too few columns')
                yield row
        self.line = 0


def end_of_path(path: str, num_parts: int) -> str:
    """The last parts of a path as people have it: absolute, or with backslashes as on Windows."""
    return '/'.join(path.replace('\\', '/').split('/')[-num_parts:])


@contextmanager
def official_form(path: Path) -> Iterator[OfficialFile]:
    """Reads an official list; names the file and the line where it is not what it must be.

    Raises:
        UsageError: If so.
    """
    file = OfficialFile(path)
    try:
        yield file
    except OTHER_FORM as error:
        place = f'{path}, line {file.line}' if file.line else path
        raise UsageError(f'{place} is not in the official form ({error!r})') from error
