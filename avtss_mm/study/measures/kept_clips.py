"""A cache of clips on disk: runs that are measured on the same clips decode them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...apis.clip_reader import ClipReader, Clips
from ...files.feature_file import UNREADABLE, read_npz
from ...files.kept import digest, kept_whole


class KeptClips:
    """A reader that caches what it has read, by path, windows and transforms.

    Nothing is ever deleted, and a replaced file is not noticed: delete the folder then.

    Args:
        reader (ClipReader): Reader of files that are not cached yet.
        folder (Path): Folder of the cache, created with the first clips; it grows to the size of
            all clips together.
    """

    def __init__(self, reader: ClipReader, folder: Path) -> None:
        self._reader = reader
        self._folder = folder / digest(reader.steps)

    def read(
        self, path, size: int, first: int = 0, duration: float | None = None
    ) -> Iterator[Clips]:
        """Yield only the next ``size`` windows of a file, like :meth:`ClipReader.read`."""
        kept = self._folder / f'{digest([str(path), size, first, duration])}.npz'
        clips = _load(kept)
        if clips is None:
            clips = next(self._reader.read(path, size, first, duration))
            _save(kept, clips)
        yield clips


def _load(path: Path) -> Clips | None:
    try:
        arrays = read_npz(path)
    except UNREADABLE:  # or missing
        return None
    has_audio, total = arrays.pop('has_audio'), int(arrays.pop('total'))
    times = {name[6:]: arrays.pop(name) for name in list(arrays) if name.startswith('times_')}
    return Clips(arrays, times, has_audio, total)


def _save(path: Path, clips: Clips) -> None:
    times = {f'times_{name}': value for name, value in clips.times.items()}
    with kept_whole(path) as draft:
        np.savez(draft, **clips.inputs, **times, has_audio=clips.has_audio, total=clips.total)
