"""Finds the checkpoint that a run resumes from."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from pathlib import Path

_MARKER = 'last_checkpoint'
_NAME = re.compile(r'(?!best_).*_\d+\.pth')


def is_complete(path) -> bool:
    """Whether a file is a checkpoint without missing or changed bytes.

    It verifies all checksums of the archive, which :func:`torch.load` does not do.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        return False


def find_last_checkpoint(work_dir) -> tuple[str | None, list[str]]:
    """Find the checkpoint that ``--resume`` continues from.

    It is the checkpoint that ``last_checkpoint`` names. If that one is missing or damaged, or none
    is named, it is the newest complete checkpoint in the folder.

    Args:
        work_dir: Folder of a run.

    Returns:
        tuple: Path of the checkpoint, None if there is none, and the paths of checkpoints that are
        damaged or missing.
    """
    marker = Path(work_dir, _MARKER)
    try:
        named = marker.read_text().strip()
    except (OSError, UnicodeDecodeError):
        named = ''
    if '://' in named:
        return named, []
    folders = {Path(work_dir), Path(named).parent if named else Path(work_dir)}
    others = [path for folder in folders for path in folder.glob('*.pth')]
    others = [path for path in others if _NAME.fullmatch(path.name) and path != Path(named)]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    passed_over = []
    for path in [Path(named)] * bool(named) + others:
        if is_complete(path):
            return str(path), passed_over
        passed_over.append(str(path))
    return None, passed_over


def write_marker(work_dir, checkpoint: str) -> None:
    """Name the checkpoint to resume from in ``last_checkpoint``, which is complete at any time."""
    partial = Path(work_dir, f'{_MARKER}.part')
    partial.write_text(checkpoint)
    flush(partial)
    os.replace(partial, Path(work_dir, _MARKER))


def flush(path) -> None:
    """Wait until a file and its directory entry are on the disk."""
    for name in (path, Path(path).parent):
        handle = os.open(name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
