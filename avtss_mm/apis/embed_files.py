"""Features of many files: decoded in processes of their own, encoded in this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from ..errors import MediaError
from ..utils.work import TIMEOUT
from ..workers.guarded_map import guarded_map
from .clip_reader import ClipReader, Clips
from .embedder import ClipFeatures, Embedder, join


def embed_files(
    embedder: Embedder,
    paths: Sequence[str],
    modalities: tuple[str, ...] | None = None,
    durations: Sequence[float | None] | None = None,
    workers: int = 1,
    timeout: float = TIMEOUT,
    reader: ClipReader | None = None,
) -> Iterator[tuple[str, dict[str, ClipFeatures] | Exception]]:
    """Embed files; one that is broken, crashes its decoder or makes it hang does not end the run.

    The features of a file do not depend on the files beside it.

    Args:
        embedder: What encodes the clips.
        paths: Video or sound files.
        modalities: ``'video'`` and/or ``'audio'``. Defaults to None: all that the model has.
        durations: Seconds of each file, where they are known better than from its header.
        workers: Processes that decode.
        timeout: Seconds that the decoding of ``batch_size`` clips may take before the file is given
            up. Defaults to 300.
        reader: What cuts files into clips. Defaults to None: the embedder's own.

    Yields:
        tuple: A path and its features by modality, or the reason why there are none; in the
        order of completion.
    """
    reader = reader or embedder.clip_reader(modalities or embedder.modalities)
    read = partial(_read_part, reader, embedder.batch_size)
    files = zip(range(len(paths)), paths, durations or [None] * len(paths))
    parts = _Parts(_Part(*file) for file in files)
    begun = {}  # by number of a file, by first window of a part: features, None until it is read
    for part, clips in guarded_map(read, parts, workers, timeout):
        if part.first and part.file not in begun:  # another part failed
            continue
        if not isinstance(clips, Clips):
            begun.pop(part.file, None)
            parts.drop(part.file)
            yield part.path, clips
            continue
        if part.first == 0:
            begun[part.file] = dict.fromkeys(range(0, clips.total, len(clips)))
            parts.put_first([part._replace(first=first) for first in begun[part.file] if first])
        begun[part.file][part.first] = embedder.encode(clips)
        if None not in begun[part.file].values():
            yield part.path, join(begun.pop(part.file).values())


class _Part(NamedTuple):
    """Windows of a file that are read at once."""

    file: int
    path: str
    duration: float | None
    first: int = 0


class _Parts:
    """What is left to read: the first part of each file, and the others of those that are begun."""

    def __init__(self, parts: Iterable[_Part]) -> None:
        self._left = deque(parts)

    def __iter__(self) -> _Parts:
        return self

    def __next__(self) -> _Part:
        if not self._left:
            raise StopIteration
        return self._left.popleft()

    def put_first(self, parts: Sequence[_Part]) -> None:
        self._left.extendleft(reversed(parts))

    def drop(self, file: int) -> None:
        self._left = deque(part for part in self._left if part.file != file)


def _read_part(reader: ClipReader, size: int, part: _Part) -> Clips | MediaError:
    """Windows of a file from a number on. Runs in a worker."""
    torch.set_num_threads(1)  # threads of the process that this one was forked from are not here
    try:
        return next(reader.read(part.path, size, part.first, part.duration))
    except MediaError as error:
        return error
