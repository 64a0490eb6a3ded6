"""Reads, checks and summarises the list of a data set."""

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
from ..media.remote import is_remote, read_range
from ..media.rows import check_rows, may_sound, parse_manifest, refuse_folder
from ..workers.memory import give_back_freed

PREPARED = ('audioset', 'esc50', 'hmdb51', 'kinetics400', 'kinetics600', 'ucf101', 'vggsound')
"""Data sets whose official lists ``tools/data/prepare_<name>.py`` reads."""

SHORT_SHARE_TO_WARN = 0.1
TOO_SHORT = (
    '{:.0%} of the videos are shorter than the {:g} s that the fastest speed needs; they give no '
    'speed labels. Lower `speeds` of SampleAVClips (and num_classes of the speed heads) for all.'
)


def list_command(folder: str, ann_file: str) -> str:
    """Says how to make a missing list."""
    name = osp.basename(osp.abspath(folder))
    if name in PREPARED:
        return f'made by: {shlex.join(["python", f"tools/data/prepare_{name}.py", folder])}'
    words = ['python', 'tools/data/build_manifest.py', folder or 'DIR', '-o', ann_file]
    return (
        'made by tools/data/prepare_*.py where it is an official split; a list of all videos '
        f'below a folder, by: {shlex.join(words)}'
    )


def readable_command(folder: str, ann_file: str) -> str:
    """Command that removes unreadable files from a list and keeps everything else."""
    root = [] if folder == osp.dirname(ann_file) else ['--root', folder or '.']
    return shlex.join(['python', 'tools/data/drop_unreadable.py', ann_file, *root])


def check_paths(ann_file: str, folder: str) -> None:
    """Stop at once if the list or the videos are missing, and say what to do.

    Args:
        ann_file (str): Path of the list.
        folder (str): Folder of the videos; '' if the list has absolute paths.

    Raises:
        FileNotFoundError: If either is a local path that does not exist.
    """
    command = list_command(folder, ann_file)
    if folder and not is_remote(folder) and not osp.isdir(folder):
        raise FileNotFoundError(
            f'the folder of videos {folder} does not exist. Set data_root to where they are '
            f'(--cfg-options data_root=DIR); their list is {command}'
        )
    if not is_remote(ann_file) and not osp.isfile(ann_file):
        raise FileNotFoundError(f'the list of videos {ann_file} does not exist. It is {command}')


def read_list(ann_file: str, folder: str | None = None) -> tuple[list[dict], dict]:
    """Read rows and metainfo of a list: a manifest, or text with ``path label`` in each line.

    Args:
        ann_file (str): Path of the list: a manifest if it ends with ``.json``, otherwise text.
        folder (str, optional): Folder that the paths are relative to and must not leave.
            Defaults to None: any paths are allowed.

    Raises:
        ManifestError: If the list is invalid; its text names the line.
    """
    suffix = osp.splitext(ann_file)[1].lower()
    if suffix in ('.pkl', '.pickle'):
        raise ManifestError(
            f'{ann_file} is a pickle, which can run any code when it is read: write the list as '
            '.json or as text'
        )
    refuse_folder(ann_file)
    data = read_range(ann_file) if is_remote(ann_file) else get(ann_file)
    if suffix == '.json':
        return parse_manifest(data, ann_file, folder)
    if b'\0' in data:
        raise ManifestError(
            f'{ann_file} is not text in UTF-8: a list has "path label" in each line'
        )
    # file names need not be Unicode, and may contain other line ends
    lines = data.decode('utf-8', 'surrogateescape').removeprefix('\ufeff').split('\n')
    rows = {i: parse_line(line) for i, line in enumerate(lines, 1) if line.strip()}
    for number, row in rows.items():
        check_rows([row], ann_file, 'line', folder, number)
    return list(rows.values()), {}


def parse_line(line: str) -> dict:
    """Parse ``path label`` or ``path.suffix,label``; the path may contain blanks and commas, the
    label may be missing."""
    path, *label = line.strip().rsplit(maxsplit=1)
    if comma := re.fullmatch(r'(.*\.[^\s/,.]+)\s*,\s*(-?[0-9]{1,18})', line.strip()):
        return dict(filename=comma[1], label=int(comma[2]))
    if label and re.fullmatch('-?[0-9]{1,18}', label[0]):
        return dict(filename=path, label=int(label[0]))
    return dict(filename=line.strip())


def first_of_each_class(rows: list[dict], max_per_class: int | None) -> list[dict]:
    """First rows of each label, in the order of the list; all if ``max_per_class`` is None."""
    kept, seen = [], Counter()
    for row in rows:
        seen[row['label']] += 1
        if max_per_class is None or seen[row['label']] <= max_per_class:
            kept.append(row)
    return kept


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch garbage collection off; at the end return freed memory to the system."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
        give_back_freed()


def pack_rows(rows: list[dict]) -> tuple[np.ndarray, np.ndarray]:
    """Serialise rows as mmengine does: bytes, and where each row ends.

    This is ``BaseDataset._serialize_data`` in half the time: an array per row costs as much as its
    pickle.
    """
    pickles = [pickle.dumps(row, protocol=4) for row in rows]
    return np.frombuffer(b''.join(pickles), np.uint8), np.cumsum([len(p) for p in pickles])


def describe(rows: list[dict]) -> str:
    """Describe the rows in one line: number of videos, total duration, share with sound."""
    parts = [f'{len(rows)} videos']
    duration = sum(row.get('duration') or 0 for row in rows)
    if duration:
        parts.append(f'{duration / 3600:.2f} hours')
    if any('has_audio' in row for row in rows):
        parts.append(f'{np.mean([may_sound(row) for row in rows]):.0%} with sound')
    return ', '.join(parts)


def short_warning(rows: list[dict], duration: float) -> str | None:
    """Warning if many videos are shorter than ``duration`` seconds."""
    share = share_shorter(rows, duration)
    return TOO_SHORT.format(share, duration) if share > SHORT_SHARE_TO_WARN else None


def share_shorter(rows: list[dict], duration: float) -> float:
    """Share of the videos of known duration that are shorter than ``duration`` seconds."""
    durations = [row['duration'] for row in rows if row.get('duration')]
    return float(np.mean(np.less(durations, duration))) if durations else 0.0
