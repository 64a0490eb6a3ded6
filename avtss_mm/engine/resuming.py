"""Which checkpoint a run goes on from."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from pathlib import Path

_MARKER = 'last_checkpoint'
_NAME = re.compile(r'(?!best_).*_\d+\.pth')


def is_complete(path) -> bool:
    """Whether a file is a checkpoint of which no byte is missing or changed.

    All checksums of the archive are read over, which :func:`torch.load` does not do.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError):
        return False


def find_last_checkpoint(work_dir) -> tuple[str | None, list[str]]:
    """Find what ``--resume`` goes on from.

    It is the checkpoint that ``last_checkpoint`` names. If that one is gone or damaged, or nothing
    is named, it is the newest complete one beside it.

    Args:
        work_dir: The folder of a run.

    Returns:
        tuple: The path, None if there is none, and the paths that were passed over because they
        are damaged or gone.
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
    """Name the checkpoint that a run goes on from; the file is whole at any time."""
    partial = Path(work_dir, f'{_MARKER}.part')
    partial.write_text(checkpoint)
    flush(partial)
    os.replace(partial, Path(work_dir, _MARKER))


def flush(path) -> None:
    """Wait until a file, and its name in its folder, are on the disk."""
    for name in (path, Path(path).parent):
        handle = os.open(name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
