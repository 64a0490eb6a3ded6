"""Features of many files: decoded in processes of their own, encoded in this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain

import torch

from ..errors import MediaError
from ..workers.guarded_map import guarded_map
from .clip_reader import ClipReader, Clips
from .embedder import ClipFeatures, Embedder, join

TIMEOUT = 300.0
"""Seconds that the decoding of ``batch_size`` clips may take, unless told otherwise."""

BATCH_OF_CLIPS = 'the decoding of a batch of clips'
"""What takes that time, in the help of a command."""


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
    items = list(zip(paths, durations or [None] * len(paths), [0] * len(paths)))
    for item, clips in guarded_map(read, items, workers, timeout):
        rest = []
        if isinstance(clips, Clips) and len(clips) < clips.total:
            firsts = range(len(clips), clips.total, len(clips))
            rest = guarded_map(read, [(*item[:2], first) for first in firsts], workers, timeout)
        yield item[0], _encode_all(embedder, chain([(item, clips)], rest))


def _read_part(reader: ClipReader, size: int, item: tuple) -> Clips | MediaError:
    """Windows of a file from a number on. Runs in a worker."""
    torch.set_num_threads(1)  # threads of the process that this one was forked from are not here
    path, duration, first = item
    try:
        return next(reader.read(path, size, first, duration))
    except MediaError as error:
        return error


def _encode_all(embedder: Embedder, parts) -> dict[str, ClipFeatures] | Exception:
    """Features of a file from its parts, which come in any order; or the first error."""
    features = {}
    for (_, _, first), clips in parts:
        if not isinstance(clips, Clips):
            return clips
        features[first] = embedder.encode(clips)
    return join(features[first] for first in sorted(features))
