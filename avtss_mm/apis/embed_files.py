"""Features of many files, which worker processes decode and one process encodes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch

from ..errors import MediaError
from ..utils.work import TIMEOUT
from ..workers.fan_out import Workers
from ..workers.guarded_map import guarded_map
from .clip_reader import ClipReader, Clips
from .embedder import ClipFeatures, Embedder, join


def embed_files(
    embedder: Embedder,
    paths: Sequence[str],
    modalities: tuple[str, ...] | None = None,
    durations: Sequence[float | None] | None = None,
    workers: Workers = 1,
    timeout: float = TIMEOUT,
    reader: ClipReader | None = None,
) -> Iterator[tuple[str, dict[str, ClipFeatures] | Exception]]:
    """Embed files; a file that is broken or makes its decoder crash or hang does not end the run.

    The features of a file do not depend on other files.

    Args:
        embedder: Embedder that encodes the clips.
        paths: Paths of video or audio files.
        modalities: Modalities, ``'video'`` and/or ``'audio'``. Defaults to None: all that the model
            has.
        durations: Length of each file in seconds, if it is known better than from its header.
        workers: Number of processes that decode, or a cluster.
        timeout: Time limit in seconds for decoding ``batch_size`` clips; then the file is skipped.
            Defaults to 300.
        reader: Reader that cuts files into clips. Defaults to None: the embedder's own.

    Yields:
        tuple: Path of a file and its features by modality, or the reason why there are none; in
        order of completion.
    """
    reader = reader or embedder.clip_reader(modalities or embedder.modalities)
    files = zip(range(len(paths)), paths, durations or [None] * len(paths))
    files = [_Part(*file) for file in files]
    embed = partial(_embed, embedder, reader, timeout)
    if isinstance(workers, int):
        results = embed(files, workers)
    else:
        results = workers.spread(embed, files, on_gpus=embedder.device != 'cpu')
    for file, features in results:
        yield file.path, features


def _embed(
    embedder: Embedder, reader: ClipReader, timeout: float, files: Sequence[_Part], workers: int = 1
) -> Iterator[tuple[_Part, dict[str, ClipFeatures] | Exception]]:
    """Yields the first part of each file with the features of all its parts."""
    read = partial(_read_part, reader, embedder.batch_size)
    parts = _Parts(files)
    begun = {}  # by file and first window of a part: features, None until it is read
    for part, clips in guarded_map(read, parts, workers, timeout):
        if part.first and part.file not in begun:  # another part has failed
            continue
        if not isinstance(clips, Clips):
            begun.pop(part.file, None)
            parts.drop(part.file)
            yield part._replace(first=0), clips
            continue
        if part.first == 0:
            begun[part.file] = dict.fromkeys(range(0, clips.total, len(clips)))
            parts.put_first([part._replace(first=first) for first in begun[part.file] if first])
        begun[part.file][part.first] = embedder.encode(clips)
        if None not in begun[part.file].values():
            yield part._replace(first=0), join(begun.pop(part.file).values())


class _Part(NamedTuple):
    """Windows of a file to read at once."""

    file: int
    path: str
    duration: float | None
    first: int = 0


class _Parts:
    """Parts still to read: the first one of each file, and the others of started files."""

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


_open: dict[_Part, Iterator[Clips]] = {}
"""In a worker: the open file, by its next part."""


def _read_part(reader: ClipReader, size: int, part: _Part) -> Clips | MediaError:
    """Reads a part of a file, in a worker; continues in the open file if it is the next part."""
    torch.set_num_threads(1)  # the parent's threads do not exist in this process
    parts = _open.pop(part, None) or reader.read(part.path, size, part.first, part.duration)
    _open.clear()  # closes any other file
    try:
        clips = next(parts)
    except MediaError as error:
        return error
    if part.first + len(clips) < clips.total:
        _open[part._replace(first=part.first + len(clips))] = parts
    return clips
