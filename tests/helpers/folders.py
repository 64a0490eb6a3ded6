"""Folders that commands have written, tar files to give them."""

from __future__ import annotations

import csv
import io
import tarfile
from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    """Files below a folder; journals have the order of completion."""
    paths = {str(path.relative_to(folder)): path for path in folder.rglob('*') if path.is_file()}
    return {
        name: b'\n'.join(sorted(path.read_bytes().splitlines()))
        if name.endswith('.jsonl')
        else path.read_bytes()
        for name, path in paths.items()
    }


def rejects_of(path) -> dict[str, str]:
    """Reasons in a CSV of rejects, by name of the file."""
    with open(path, newline='') as file:
        return {row['filename']: row['reason'] for row in csv.DictReader(file)}


def write_tar(path, members: dict, **options) -> Path:
    """Writes a tar of bytes or of files by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, 'w', **options) as tar:
        for name, data in members.items():
            data = data.read_bytes() if isinstance(data, Path) else data
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path
