"""The list behind a data set: is it there, what is a row, what do the rows add up to."""

from __future__ import annotations

import gc
import os.path as osp
import pickle
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mmengine.fileio import get

from ..errors import ManifestError
from ..media.rows import check_rows, parse_manifest

PREPARED = ('audioset', 'esc50', 'hmdb51', 'kinetics400', 'kinetics600', 'ucf101', 'vggsound')
"""Data sets whose official lists ``tools/data/prepare_<name>.py`` reads."""


def list_command(folder: str, ann_file: str) -> str:
    """Says what makes a list that is not there."""
    name = osp.basename(osp.abspath(folder))
    if name in PREPARED:
        return f'made by: {shlex.join(["python", f"tools/data/prepare_{name}.py", folder])}'
    words = ['python', 'tools/data/build_manifest.py', folder or 'DIR', '-o', ann_file]
    return (
        'made by tools/data/prepare_*.py where it is an official split; a list of all videos '
        f'below a folder, by: {shlex.join(words)}'
    )


def readable_command(folder: str, ann_file: str) -> str:
    """The command that makes a list without the files that cannot be read, all else as it is."""
    root = [] if folder == osp.dirname(ann_file) else ['--root', folder or '.']
    return shlex.join(['python', 'tools/data/drop_unreadable.py', ann_file, *root])


def check_paths(ann_file: str, folder: str) -> None:
    """Stop at once, and say how to go on, if the list or the videos are missing.

    Args:
        ann_file (str): The list.
        folder (str): The folder of the videos; '' where the list has absolute paths.

    Raises:
        FileNotFoundError: If one of them is a local path that does not exist.
    """
    command = list_command(folder, ann_file)
    if '://' in folder or '://' in ann_file:
        return
    if folder and not osp.isdir(folder):
        raise FileNotFoundError(
            f'the folder of videos {folder} does not exist. Set data_root to where they are '
            f'(--cfg-options data_root=DIR); their list is {command}'
        )
    if not osp.isfile(ann_file):
        raise FileNotFoundError(f'the list of videos {ann_file} does not exist. It is {command}')


def read_list(ann_file: str, folder: str | None = None) -> tuple[list[dict], dict]:
    """Rows and metainfo of a list: a manifest, or text with ``path label`` in each line.

    Args:
        ann_file (str): A manifest if its name ends with ``.json``, else text.
        folder (str, optional): The folder that the paths are relative to, and must not lead out
            of. Defaults to None: they may be anything.

    Raises:
        ManifestError: If it is something else; its text names the line.
    """
    suffix = osp.splitext(ann_file)[1].lower()
    if suffix in ('.pkl', '.pickle'):
        raise ManifestError(
            f'{ann_file} is a pickle, which can run any code when it is read: write the list as '
            '.json or as text'
        )
    data = get(ann_file)
    if suffix == '.json':
        return parse_manifest(data, ann_file, folder)
    if b'\0' in data:
        raise ManifestError(
            f'{ann_file} is not text in UTF-8: a list has "path label" in each line'
        )
    # names of files need not be Unicode; other line ends than these may be part of a name
    lines = data.decode('utf-8', 'surrogateescape').removeprefix('\ufeff').split('\n')
    rows = {i: parse_line(line) for i, line in enumerate(lines, 1) if line.strip()}
    for number, row in rows.items():
        check_rows([row], ann_file, 'line', folder, number)
    return list(rows.values()), {}


def parse_line(line: str) -> dict:
    """``path label`` or ``path.suffix,label`` -> row; the path may contain blanks and commas, the
    label may be missing."""
    path, *label = line.strip().rsplit(maxsplit=1)
    if comma := re.fullmatch(r'(.*\.[^\s/,.]+)\s*,\s*(-?[0-9]{1,18})', line.strip()):
        return dict(filename=comma[1], label=int(comma[2]))
    if label and re.fullmatch('-?[0-9]{1,18}', label[0]):
        return dict(filename=path, label=int(label[0]))
    return dict(filename=line.strip())


def may_sound(row: dict) -> bool:
    """Whether a video has sound, as far as the list says."""
    return row.get('has_audio', True) and not row.get('silent', False)


def first_of_each_class(rows: list[dict], max_per_class: int | None) -> list[dict]:
    """The first rows of each label, in their order; all if ``max_per_class`` is None."""
    kept, seen = [], Counter()
    for row in rows:
        seen[row['label']] += 1
        if max_per_class is None or seen[row['label']] <= max_per_class:
            kept.append(row)
    return kept


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def pack_rows(rows: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Rows as mmengine keeps them for all processes: bytes, and where each row ends in them.

    That is ``BaseDataset._serialize_data`` in half the time: an array for each row costs as much as
    its pickle.
    """
    pickles = [pickle.dumps(row, protocol=4) for row in rows]
    return np.frombuffer(b''.join(pickles), np.uint8), np.cumsum([len(p) for p in pickles])


def describe(rows: list[dict]) -> str:
    """One line: how many videos, how long, how many with sound."""
    parts = [f'{len(rows)} videos']
    duration = sum(row.get('duration') or 0 for row in rows)
    if duration:
        parts.append(f'{duration / 3600:.2f} hours')
    if any('has_audio' in row for row in rows):
        parts.append(f'{np.mean([may_sound(row) for row in rows]):.0%} with sound')
    return ', '.join(parts)


def share_shorter(rows: list[dict], duration: float) -> float:
    """Share of the videos of known duration that are shorter than ``duration`` seconds."""
    durations = [row['duration'] for row in rows if row.get('duration')]
    return float(np.mean(np.less(durations, duration))) if durations else 0.0
