"""Tar shards, as WebDataset has them: their members are read in place, never unpacked.

A member has an address that stands wherever a path does: ``SHARD.tar/OFFSET+SIZE/NAME``, with the
position and the length of its bytes in the shard.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from ..errors import MediaError
from ..workers.fan_out import Workers, fan_out
from ..workers.guarded_map import WorkerError
from ..workers.progress import late_bar
from .finding import NO_MEDIA, SUFFIXES, find_media
from .remote import find_remote, is_remote, join, open_bytes

SHARD = '.tar'
HEADER = tarfile.BLOCKSIZE
ADDRESS = re.compile(r'(.*?\.tar)/(\d{1,18})\+(\d{1,18})/(.+)', re.DOTALL)
LABELS = ('.json', '.txt', '.cls')
"""Suffixes of the siblings of a media file that may hold its label."""

LEADS_OUT = 'the name of the member leads out of the shard'

MAX_SIBLING = 2**20
"""Bytes above which a sibling is no label."""

TRUNCATED = 99
"""Bytes of a name from which a tar header may hold only its beginning."""


Label = tuple[int | None, str | None]


class Member(NamedTuple):
    """A media file in a shard: path of the shard, where its bytes are, and its name."""

    shard: str
    offset: int
    size: int
    name: str


class Found(NamedTuple):
    """Media files below a folder, loose and in shards.

    Attributes:
        names: Paths and addresses relative to the folder.
        labels: Labels of members by address: number and name of the class, each None if unknown.
        rejects: Reasons why members or shards are left out.
        left_out: Number of members with other suffixes, by suffix, without lists and notes.
    """

    names: list[str]
    labels: dict[str, Label]
    rejects: dict[str, str]
    left_out: Counter


def split_address(path: str) -> Member | None:
    """Member of a shard that an address means; None for any other path."""
    if '.tar/' not in path or not (parts := ADDRESS.fullmatch(path)):  # quick for most paths
        return None
    return Member(parts[1], int(parts[2]), int(parts[3]), parts[4])


def address_of(shard: str, offset: int, size: int, name: str) -> str:
    """Address of a member, relative to what ``shard`` is relative to."""
    return f'{shard}/{offset}+{size}/{name}'


def is_inside(name: str) -> bool:
    """Whether the name of a member stays below the folder to which a shard is unpacked."""
    return not name.startswith('/') and '..' not in name.split('/') and '\0' not in name


def check_header(path: str, member: Member, block: bytes) -> None:
    """Check the tar header (512 bytes) that stands directly before a member.

    Raises:
        MediaError: If it is not that of a file of this name and size.
    """
    if not is_inside(member.name):
        raise MediaError(path, LEADS_OUT)
    try:
        info = tarfile.TarInfo.frombuf(block, 'utf-8', 'surrogateescape')
    except tarfile.HeaderError as error:
        raise MediaError(
            path, 'the shard has no member at this offset: it is damaged or another one'
        ) from error
    if not (info.isreg() and info.size == member.size and _may_be(info.name, member.name)):
        raise MediaError(
            path, f'the shard has {info.name} ({info.size:,} bytes) here: it is another one'
        )


def find_members(
    root,
    suffixes: Collection[str] = SUFFIXES,
    with_labels: bool = False,
    workers: Workers = 1,
    timeout: float = 60.0,
) -> Found:
    """Finds the media files below a folder as :func:`.find_media`, and those in its tar shards.

    Shards are looked into if ``.tar`` is among the suffixes, or if there are no loose files: an
    archive beside the files that were unpacked from it would name each of them twice.

    Args:
        root: Folder or URL to search.
        suffixes: Lower-case suffixes of the files to find.
        with_labels: Whether to read the siblings of members for labels.
        workers: Number of processes that read shards, or a cluster.
        timeout: Time limit of a shard in seconds.
    """
    found = Found([], {}, {}, Counter())
    find = find_remote if is_remote(root) else find_media
    files = find(root, {*suffixes, SHARD}, left_out=found.left_out)
    shards = [name for name in files if name.endswith(SHARD)]
    found.names.extend(name for name in files if not name.endswith(SHARD))
    if found.names and shards and SHARD not in suffixes:
        found.left_out[SHARD] = len(shards)
        return found
    read = partial(list_shard, os.fspath(root), frozenset(suffixes), with_labels)
    listed = {}
    results = fan_out(read, shards, workers, timeout)
    for shard, result in late_bar(results, 'listing', len(shards), 'shard'):
        failed = isinstance(result, WorkerError)
        listed[shard] = Found([], {}, {shard: str(result)}, Counter()) if failed else result
    for shard in shards:
        found.names.extend(listed[shard].names)
        found.labels.update(listed[shard].labels)
        found.rejects.update(listed[shard].rejects)
        found.left_out.update(listed[shard].left_out)
    return found


def list_shard(root: str, suffixes: Collection[str], with_labels: bool, shard: str) -> Found:
    """Lists the media files in a shard; addresses begin with ``shard``, its path below ``root``."""
    names, siblings, rejects, left_out = [], {}, {}, Counter()
    cut = 'the shard is cut or damaged: only the {:,} members before that place are listed'
    try:
        with open_bytes(join(root, shard)) as file, tarfile.open(fileobj=file, mode='r:') as tar:
            length = file.seek(0, os.SEEK_END)
            for info in tar:
                suffix = os.path.splitext(info.name)[1].lower()
                if suffix in suffixes:
                    address, reason = _examine(shard, info, file, length)
                    names += [address] if reason is None else []
                    rejects.update({} if reason is None else {address: reason})
                elif suffix not in NO_MEDIA and info.isreg():
                    left_out[suffix] += 1
                elif with_labels and suffix in LABELS and 0 < info.size <= MAX_SIBLING:
                    siblings[_key(info.name), suffix] = tar.extractfile(info).read()
            file.seek(tar.offset)
            end = file.read(HEADER)
            if not end or end.strip(b'\0'):
                rejects[shard] = cut.format(len(names))
    except tarfile.TarError:
        rejects[shard] = cut.format(len(names))
    except (MediaError, OSError) as error:
        reason = getattr(error, 'reason', getattr(error, 'strerror', error))
        rejects[shard] = f'{reason}; only the {len(names):,} members before that are listed'
    found = [(name, _label_of(_key(split_address(name).name), siblings)) for name in names]
    return Found(
        names, {name: label for name, label in found if label is not None}, rejects, left_out
    )


def _examine(shard: str, info: tarfile.TarInfo, file, length: int) -> tuple[str, str | None]:
    """Address of a member, and why it cannot be read if so."""
    name = info.name.removeprefix('./')
    member = Member(shard, info.offset_data, info.size, name)
    address = address_of(*member)
    if not info.isreg() or info.issparse():
        return address, 'the member is a link or of another kind, not a plain file'
    if info.offset_data + info.size > length:
        return address, 'the shard is cut within this member'
    if not info.pax_headers and len(name) < TRUNCATED:  # the header says all of it
        return address, None if is_inside(name) else LEADS_OUT
    position = file.tell()
    file.seek(info.offset_data - HEADER)
    try:
        check_header(address, member, file.read(HEADER))
    except MediaError as error:
        return address, error.reason
    finally:
        file.seek(position)
    return address, None


def _may_be(header: str, name: str) -> bool:
    """Whether a header means a member, whose name may be too long or not ASCII for it."""
    encoded = name.encode('utf-8', 'surrogateescape')
    return header.removeprefix('./') == name or len(encoded) >= TRUNCATED or not name.isascii()


def _key(name: str) -> str:
    """What siblings have in common: all up to the first dot of the base name."""
    folder, base = os.path.split(name)
    return os.path.join(folder, base.partition('.')[0])


def _label_of(key: str, siblings: dict[tuple[str, str], bytes]) -> Label | None:
    """Label in the siblings of a member: ``label`` and ``class`` of a JSON object, or a text."""
    for suffix in LABELS:
        text = siblings.get((key, suffix), b'').decode(errors='replace').strip()
        number, name = text, None
        if suffix == '.json':
            try:
                facts = json.loads(text or '{}')
                number, name = facts.get('label'), facts.get('class')
            except (ValueError, AttributeError, RecursionError):
                continue
        if isinstance(number, str):
            is_number = number.isdecimal() and len(number) < 10
            number, name = (int(number), name) if is_number else (None, name or number)
        label = number if type(number) is int else None, name if isinstance(name, str) else None
        if label != (None, None) and label != (None, ''):
            return label
    return None
