"""A log of the features of finished files, so that a run can be killed at any time."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.lib.format import read_array, write_array

from ..errors import UsageError
from ..workers.progress import late_bar

BROKEN = (
    ValueError,
    TypeError,
    AttributeError,
    SyntaxError,
    TokenError,
    MemoryError,
    OverflowError,
)
"""Errors of reading where the file is cut off or damaged."""


class FeatureLog:
    """An append-only file: the settings of the run, then name, stamp and rows of each file.

    The arrays follow one another in NumPy's format, without pickle. If a run was killed while it
    wrote a record, that record is removed when the log is opened again.

    Args:
        path: Path of the file to append to; created if missing.
        settings: Settings that determine the features, as plain values.

    Attributes:
        finished: Stamp of each file in the log, by name.

    Raises:
        UsageError: If the log was started with other settings.
    """

    def __init__(self, path, settings: Mapping) -> None:
        self.path = Path(path)
        self._file = open(self.path, 'r+b' if self.path.exists() else 'w+b')
        text = json.dumps(settings, sort_keys=True, default=str)
        try:
            self._check(json.loads(self._read_text()), json.loads(text))
        except BROKEN:  # the log is still empty
            self._file.truncate(0)
            self._write(text)
        self._start = self._file.tell()
        kept = late_bar(self.records(), f'reading {self.path.name}')
        self.finished = {name: stamp for name, stamp, _ in kept}

    def __enter__(self) -> FeatureLog:
        return self

    def __exit__(self, *exc_info) -> None:
        self._file.close()

    def add(self, name: str, stamp: str, rows: np.ndarray) -> None:
        """Appends the rows of a file; they are safe when this returns.

        Args:
            name: Name of the file.
            stamp: Stamp that changes when the file changes.
            rows: Features of the file, a structured array.
        """
        self._write(json.dumps([name, stamp]), rows)
        self.finished[name] = stamp

    def records(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Yields name, stamp and rows of all files, in the order in which they were added."""
        self._file.seek(self._start)
        while True:
            end = self._file.tell()
            try:
                name, stamp = json.loads(self._read_text())
                rows = read_array(self._file, allow_pickle=False)
                if not all(isinstance(text, str) for text in (name, stamp)) or not rows.dtype.names:
                    raise ValueError('not a record')
            except BROKEN:  # the end, perhaps an incomplete record
                self._file.seek(end)
                self._file.truncate()
                return
            yield name, stamp, rows

    def _check(self, old: dict, new: dict) -> None:
        changed = [key for key in new if old.get(key) != new[key]]
        if changed:
            raise UsageError(
                f'{self.path} keeps features of an interrupted run with other settings '
                f'({", ".join(changed)}). Repeat that command to finish it, write '
                'elsewhere, or delete the file to start over.'
            )

    def _read_text(self) -> str:
        return str(read_array(self._file, allow_pickle=False))

    def _write(self, text: str, *arrays: np.ndarray) -> None:
        self._file.seek(0, os.SEEK_END)
        for array in (np.array(text), *arrays):
            write_array(self._file, array, allow_pickle=False)
        self._file.flush()


def log_path(out, rank: int = 0) -> Path:
    """Path of the log of a process, beside the file ``out`` that it is for."""
    return Path(f'{out}.part{rank or ""}')


def log_paths(out) -> list[Path]:
    """Paths of the logs of all processes, also of those of an interrupted run with more."""
    others = Path(out).parent.glob(f'{glob.escape(Path(out).name)}.part[1-9]*')
    return [log_path(out), *sorted(others)]


def read_logs(out, settings: Mapping) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yields the records of all logs; creates the one of the first process.

    Raises:
        UsageError: If a log was started with other settings.
    """
    for path in log_paths(out):
        with FeatureLog(path, settings) as log:
            yield from late_bar(log.records(), f'reading {path.name}')
