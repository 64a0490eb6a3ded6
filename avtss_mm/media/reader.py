"""The one way to open a file for reading."""

from __future__ import annotations

import importlib

from .base import Reader

AUTO = 'pyav'
"""Measured on two clips and two windows of a file: PyAV needs 5-30 % less processor time than
torchcodec (it leaves out frames that nothing refers to) and about half of decord's, and it is the
only one that places every frame of every file tried, also of avi, ts and mpg."""

BACKENDS = {
    'pyav': ('.pyav_backend', 'PyAVReader'),
    'torchcodec': ('.torchcodec_backend', 'TorchCodecReader'),
    'decord': ('.decord_backend', 'DecordReader'),
}


def open_media(path, backend: str = 'auto', max_age: float | None = None) -> Reader:
    """Opens a media file once; read from it, then close it (``with`` does).

    Args:
        path: File to open.
        backend: Which library decodes the frames: 'pyav', 'torchcodec' (needs a shared FFmpeg of
            the system), 'decord', or 'auto', which is PyAV: the fastest on usual files and right
            on all. The sound comes through PyAV with each.
        max_age: Seconds by which a frame may be older than the damaged one that it stands in for,
            before ``read`` refuses the file. Defaults to None: any. Only PyAV tells.

    Returns:
        Reader: ``reader.info`` has the facts, ``reader.read(...)`` frames and sound.

    Raises:
        MediaError: If the file is absent, empty, broken or not a media file.
        ImportError: If the library of the back-end does not load.
        ValueError: If there is no such back-end.
    """
    reader = _load(AUTO if backend == 'auto' else backend)(path)
    reader.max_age = max_age
    return reader


def available_backends() -> list[str]:
    """Names of the back-ends whose libraries load here."""
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
    except (ImportError, OSError, RuntimeError) as error:  # also a native library that is missing
        raise ImportError(
            f'backend {backend!r} does not load ({str(error).strip().splitlines()[0]}): '
            f"install {backend}, or use backend='pyav'"
        ) from error
