"""Checks manifests, which may be damaged or come from untrusted sources."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import ManifestError
from .remote import is_remote

MAX_LABEL = 2**31 - 1


def refuse_folder(path) -> None:
    """Raises a :class:`ManifestError` if a folder is in the place of a list."""
    if os.path.isdir(path):
        raise ManifestError(f'{path} is a folder: tools/data/build_manifest.py lists its files')


def parse_manifest(data: bytes, path, folder=None) -> tuple[list[dict], dict]:
    """Parses the rows and the ``metainfo`` of a manifest, as :func:`.load_manifest` returns them.

    Args:
        data: Contents of the file.
        path: Path of the file, for messages.
        folder: Folder of the files, see :func:`check_row`.

    Raises:
        ManifestError: If it is not a manifest, or a row is invalid.
    """
    try:
        manifest = json.loads(data.decode('utf-8-sig'))
        rows, metainfo = manifest['data_list'], manifest['metainfo']
        if not isinstance(rows, list) or not isinstance(metainfo, dict):
            raise TypeError('data_list must be a list, metainfo a dict')
        classes = metainfo.get('classes') or []
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            raise TypeError('metainfo.classes must be a list of names')
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ManifestError(
            f'{path} is not a manifest ({error}): tools/data/build_manifest.py writes one'
        ) from error
    check_rows(rows, path, 'row', folder)
    return rows, metainfo


def check_rows(rows: Iterable, path, unit: str, folder=None, first: int = 1) -> None:
    """Checks rows of a list; messages name ``unit`` and the number of the row, from ``first``.

    Raises:
        ManifestError: If a row is invalid.
    """
    for number, row in enumerate(rows, first):
        try:
            check_row(row, folder)
        except ManifestError as error:
            raise ManifestError(f'{path}, {unit} {number}: {error}') from error


def check_row(row, folder=None) -> None:
    """Checks ``filename`` of a row, and ``label``, ``duration`` and flags if it has them.

    Args:
        row: Row of :func:`.probe`, or a part of one.
        folder: Folder that the name is relative to and must not leave. Links in it are followed, as
            they belong to the folder and not to the list. Defaults to None: any name is allowed.

    Raises:
        ManifestError: If the row is invalid.
    """
    if not isinstance(row, dict):
        raise ManifestError(f'{_short(row)} is not a row, which is a dict with filename')
    name, label, duration = row.get('filename'), row.get('label', -1), row.get('duration')
    if not isinstance(name, str) or not name or '\0' in name:
        raise ManifestError(f'filename is {_short(name)}, which names no file')
    if folder is not None and leaves_folder(name, folder):
        raise ManifestError(
            f'{_short(name)} leads out of {folder}, the folder that names are relative to. If you '
            'trust the list, permit it: allow_outside'
        )
    if type(label) is not int or not -1 <= label <= MAX_LABEL:
        raise ManifestError(f'label is {_short(label)}, not a number of a class')
    if duration is not None and not (type(duration) in (int, float) and 0 <= duration < math.inf):
        raise ManifestError(f'duration is {_short(duration)}, not a number of seconds')
    for key in ('has_audio', 'silent'):
        if not isinstance(row.get(key, False), int):
            raise ManifestError(f'{key} is {_short(row[key])}, not true or false')


def leaves_folder(name: str, folder) -> bool:
    """Whether a name contains ``..``, is a URL, or is absolute and not below the folder."""
    if is_remote(name):
        return True
    if '..' in name and '..' in Path(name).parts:
        return True
    if not os.path.isabs(name):  # true for nearly all names: it must be fast
        return False
    roots = (os.path.abspath(folder), os.path.realpath(folder))
    return not any(Path(root) in Path(name).parents for root in roots)


def _short(value) -> str:
    text = repr(value)
    return text if len(text) < 80 else f'{text[:76]} ...'


def may_sound(row: dict) -> bool:
    """Whether a video has sound, according to the list."""
    return row.get('has_audio', True) and not row.get('silent', False)
