"""Files with a URL, through fsspec: ``s3://``, ``gs://``, ``https://``, ``hf://`` and others.

Settings such as credentials or an endpoint come from where fsspec and its file systems take them:
the environment (``AWS_ENDPOINT_URL``, ``FSSPEC_S3='{"anon": true}'``) and ``~/.config/fsspec``.
"""

from __future__ import annotations

import os
import posixpath
import re
import time
from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path

from ..errors import MediaError
from ..workers.progress import late_note
from .finding import NO_MEDIA

URL = re.compile(r'[A-Za-z][A-Za-z0-9+.-]+://')
EXTRA = "pip install 'avtss-mm[remote]'"

HOP = 2**13
"""Bytes of a request where the headers of a shard are read."""

PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try of a request that fails, e.g. as the connection was lost."""

PATIENCE = 30.0
"""Seconds without an answer, or of tries, after which there is none."""

FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError, ValueError)
"""Errors after which a further try is in vain."""


def is_remote(path) -> bool:
    """Whether a path is a URL."""
    return isinstance(path, str) and '://' in path and URL.match(path) is not None


def path_or_url(text: str) -> Path | str:
    """Parses an argument: a URL stays as it is."""
    return text if is_remote(text) else Path(text)


def local_path(text: str) -> Path:
    """Parses the path of an output, which cannot be a URL."""
    if is_remote(text):
        raise ArgumentTypeError(f'{text} is a URL: results are written to a disk, copy them then')
    return Path(text)


def absolute(path: str) -> str:
    """Absolute path; a URL stays as it is."""
    return path if is_remote(path) else os.path.abspath(path)


def join(folder, name: str) -> str:
    """Path of a name below a folder, either of which may be a URL; an absolute name stays."""
    if is_remote(name) or not folder:
        return name
    return os.path.join(os.fspath(folder), name)


def read_range(url: str, start: int = 0, end: int | None = None) -> bytes:
    """Reads bytes of a file, those that exist; a server without ranges may return all.

    Raises:
        MediaError: If the file does not exist, or does not come after several tries.
    """
    return _tried(url, lambda system, path: system.cat_file(path, start=start, end=end))


def open_bytes(path: str):
    """Opens a file for reading at random, a few bytes here and there.

    Raises:
        MediaError: If it has a URL and does not open.
    """
    if not is_remote(path):
        return open(path, 'rb')
    options = dict(block_size=HOP, cache_type='readahead')
    return _tried(path, lambda system, inner: system.open(inner, 'rb', **options))


def facts_of(url: str) -> dict:
    """What a server says about a file; ``size`` is its length in bytes, or None."""
    return _tried(url, lambda system, path: system.info(path))


@lru_cache(maxsize=1)  # the members of a shard follow one another
def stamp_of_url(url: str) -> str:
    """Size of a file, and what changes with it; ``'0'`` if there is none."""
    try:
        facts = facts_of(url)
    except MediaError:
        return '0'
    keys = ('ETag', 'etag', 'LastModified', 'Last-Modified', 'last_modified', 'mtime', 'updated')
    mark = next((facts[key] for key in keys if facts.get(key)), '')
    return f'{facts.get("size") or 0} {mark}'


def find_remote(url: str, suffixes: Collection[str], left_out: Counter) -> list[str]:
    """Finds the files below a URL: names relative to it, sorted; skips hidden ones.

    Raises:
        MediaError: If there is no such place.
    """

    def find(system, path):
        system.invalidate_cache()
        stamp_of_url.cache_clear()
        root = path.rstrip('/') + '/'
        strict = dict(on_error='raise') if url.lower().startswith('http') else {}  # others are
        return [name.removeprefix(root) for name in system.find(path, detail=True, **strict)]

    found = []
    with late_note(f'listing {url}'):
        names = sorted(_tried(url, find))
    for name in names:
        suffix = posixpath.splitext(name)[1].lower()
        if any(part.startswith('.') for part in name.split('/')):
            continue
        if suffix in suffixes:
            found.append(name)
        elif suffix not in NO_MEDIA:
            left_out[suffix] += 1
    return found


def _tried(url: str, work: Callable):
    """Result of ``work(file system, path)``, tried again after errors that may pass."""
    try:
        import fsspec
    except ImportError as error:
        raise MediaError(url, f'fsspec is missing: {EXTRA}') from error
    start = time.monotonic()
    for pause in (*PAUSES, None):
        try:
            return work(*fsspec.core.url_to_fs(url, **_options(url)))
        except ImportError as error:  # names the package of the scheme
            raise MediaError(url, f'{error} ({EXTRA} is for S3 and HTTP)') from error
        except Exception as error:  # each file system has its own
            refused = 400 <= getattr(error, 'status', 0) < 500
            late = pause is None or time.monotonic() - start > PATIENCE
            if late or refused or isinstance(error, FINAL):
                raise MediaError(url, _reason(error)) from error
            time.sleep(pause)


def _options(url: str) -> dict:
    """Options of the file system: aiohttp alone would wait five minutes for an answer."""
    from fsspec.config import conf

    scheme = url.partition('://')[0].lower()
    if scheme not in ('http', 'https') or 'client_kwargs' in conf.get(scheme, {}):
        return {}
    from aiohttp import ClientTimeout

    return dict(client_kwargs=dict(timeout=ClientTimeout(total=None, sock_read=PATIENCE)))


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return 'no such file'
    return f'{type(error).__name__}: {error}'.removesuffix(': ')
