"""Finds the file on disk that an entry of an official list means."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ..media.finding import AUDIO_SUFFIXES, SUFFIXES


def index_files(files: Iterable[str]) -> dict[str, list[str]]:
    """Indexes files by base name without suffix, for :func:`find_file`.

    Names in the two Unicode forms, as macOS and others write them, are the same.
    """
    index = defaultdict(list)
    for file in files:
        index[os.path.basename(_stem(file))].append(file)
    return index


def find_file(index: dict[str, list[str]], names: Sequence[str], split: str = '') -> str | None:
    """Finds the file of a clip.

    A file matches a name that is the end of its path, whatever the two suffixes. Of several files,
    those with the same suffix come first, then those in a folder with the split's name, then the
    least nested.

    Args:
        index: Index of :func:`index_files`.
        names: Possible names of the clip, best first.
        split: Name of the clip's split.
    """
    for name in names:
        end = '/' + _without_suffix(name)
        candidates = index.get(os.path.basename(end), [])
        fitting = [file for file in candidates if f'/{_stem(file)}'.endswith(end)]
        if fitting:
            return min(fitting, key=lambda file: _rank(file, name, split))
    return None


def _rank(file: str, name: str, split: str) -> tuple:
    return not file.endswith(name), split not in file.split('/'), file.count('/'), file


def _stem(file: str) -> str:
    """Name without suffix, of a file that was found by its suffix or has none."""
    return unicodedata.normalize('NFC', os.path.splitext(file)[0])


def _without_suffix(name: str) -> str:
    name = unicodedata.normalize('NFC', name)
    stem, suffix = os.path.splitext(name)
    return stem if suffix.lower() in SUFFIXES | AUDIO_SUFFIXES else name
