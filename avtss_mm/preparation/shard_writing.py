"""Writes media files into tar shards, in the format of WebDataset."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..files.whole_file import written_whole


class Entry(NamedTuple):
    """A file to write.

    Attributes:
        path: Path of the file.
        name: Name of the member.
        size: Size of the file in bytes.
        facts: What the list says about it, for the ``.json`` member beside it.
    """

    path: str
    name: str
    size: int
    facts: dict


def member_name(name: str, taken: set[str]) -> str:
    """Name of a member for a path, with a key that is not ``taken`` yet, to which it is added.

    WebDataset joins the members whose names are the same up to the first dot of the base name.
    """
    stem, suffix = os.path.splitext(name)
    folder, base = os.path.split(stem)
    key = plain = os.path.join(folder, base.replace('.', '_') or '_')
    number = 1
    while key in taken:
        number += 1
        key = f'{plain}_{number}'
    taken.add(key)
    return key + suffix


def plan_shards(entries: Iterable[Entry], limit: int) -> list[list[Entry]]:
    """Cuts entries into shards of at most ``limit`` bytes of files, or one larger file."""
    shards, total = [], limit
    for entry in entries:
        if total + entry.size > limit or not shards:
            shards.append([])
            total = 0
        shards[-1].append(entry)
        total += entry.size
    return shards


def write_shard(path, entries: Sequence[Entry]) -> tuple[list[int | None], dict[int, str]]:
    """Writes a shard, completely or not at all; the same files make the same bytes.

    Args:
        path: Path of the shard.
        entries: Files to write, each with a ``.json`` member behind it.

    Returns:
        tuple: Position of each file in the shard, None if it could not be read; and the reasons by
        the number of the entry.
    """
    offsets, reasons = [], {}
    # GNU's format has every name as it is, also a long one, and one that is not Unicode
    with written_whole(path) as draft, open(draft, 'wb') as file:
        with tarfile.open(fileobj=file, mode='w', format=tarfile.GNU_FORMAT) as tar:
            for number, entry in enumerate(entries):
                start = file.tell()
                try:
                    with open(entry.path, 'rb') as source:
                        offsets.append(_add(tar, entry.name, entry.size, source))
                except OSError as error:
                    file.seek(start)
                    file.truncate()
                    tar.offset = start
                    offsets.append(None)
                    reasons[number] = error.strerror or 'it has become shorter while it was read'
                    continue
                text = json.dumps(entry.facts).encode()
                _add(tar, str(Path(entry.name).with_suffix('.json')), len(text), io.BytesIO(text))
    return offsets, reasons


def _add(tar: tarfile.TarFile, name: str, size: int, source) -> int:
    """Adds a member; returns the position of its first byte."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o444
    tar.addfile(info, source)
    tar.members.clear()
    return tar.offset - -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
