"""Opens media files for reading."""

from __future__ import annotations

import importlib

from .base import Reader

AUTO = 'pyav'
"""Measured on two clips and two windows of a file: PyAV needs 5-30 % less processor time than
torchcodec (it skips frames that no other frame refers to) and about half of decord's. It is the
only one that places every frame of every tested file correctly, including avi, ts and mpg."""

BACKENDS = {
    'pyav': ('.pyav_backend', 'PyAVReader'),
    'torchcodec': ('.torchcodec_backend', 'TorchCodecReader'),
    'decord': ('.decord_backend', 'DecordReader'),
}


def open_media(path, backend: str = 'auto', max_age: float | None = None) -> Reader:
    """Opens a media file; close it after reading, or use ``with``.

    Args:
        path: Path or URL of the file to open, address of a member of a shard, or a
            :class:`.Source`.
        backend: Library to decode frames with: 'pyav', 'torchcodec' (needs a shared FFmpeg of the
            system), 'decord', or 'auto', which is PyAV: the fastest on usual files and correct on
            all. PyAV always decodes the sound.
        max_age: Maximum seconds by which a frame may be older than the damaged one that it
            replaces; otherwise ``read`` refuses the file. Only works with PyAV. Defaults to None:
            no limit.

    Returns:
        Reader: Open file; ``reader.info`` has its metadata, ``reader.read(...)`` reads frames and
        sound.

    Raises:
        MediaError: If the file is missing, empty, broken or not a media file.
        ImportError: If the library of the back-end does not load.
        ValueError: If there is no such back-end.
    """
    reader = _load(AUTO if backend == 'auto' else backend)(path)
    reader.max_age = max_age
    return reader


def available_backends() -> list[str]:
    """Names of the back-ends whose libraries load on this machine."""
    names = []
    for name in BACKENDS:
        try:
            _load(name)
        except ImportError:
            continue
        names.append(name)
    return names


def _load(backend: str) -> type[Reader]:
    if backend not in BACKENDS:
        raise ValueError(f"backend must be 'auto' or one of {list(BACKENDS)}, but is {backend!r}")
    module, name = BACKENDS[backend]
    try:
        return getattr(importlib.import_module(module, __package__), name)
    except (ImportError, OSError, RuntimeError) as error:  # also if a native library is missing
        raise ImportError(
            f'backend {backend!r} does not load ({str(error).strip().splitlines()[0]}): '
            f"install {backend}, or use backend='pyav'"
        ) from error
