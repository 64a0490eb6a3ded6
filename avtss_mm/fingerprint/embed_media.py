"""Features of videos and sounds, whatever a file has of the two and its header tells."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..apis.embed_files import embed_files
from ..apis.embedder import ClipFeatures, Embedder
from ..errors import MediaError
from ..media import probe
from ..media.finding import AUDIO_SUFFIXES
from ..utils.work import TIMEOUT
from ..workers.guarded_map import guarded_map

NO_PICTURE = 'no video stream'
"""Reason of a :class:`MediaError` of a sound file in a video's container."""

NO_SOUND = 'no audio stream'
"""The same of a file without sound, where nothing else is asked for."""

NO_DURATION = 'its duration is not known'
"""Reason of one of a file whose header tells no duration."""


def embed_media(
    embedder: Embedder,
    paths: Sequence[str],
    modalities: tuple[str, ...],
    workers: int = 1,
    timeout: float = TIMEOUT,
) -> Iterator[tuple[str, dict[str, ClipFeatures] | Exception]]:
    """Features of files, or the reason why there are none; sound files by their sound.

    A file is opened once, unless several workers share it or its header misleads.

    Args:
        embedder: Of :func:`.chunk_embedder`.
        paths: Of the files.
        modalities: ``'video'`` and/or ``'audio'``.
        workers: Processes that decode.
        timeout: Seconds, as of :func:`.embed_files`.
    """
    work = dict(workers=workers, timeout=timeout)
    suffixes = AUDIO_SUFFIXES if 'audio' in modalities else ()
    sounds = [path for path in paths if os.path.splitext(path)[1].lower() in suffixes]
    videos = sorted(set(paths) - set(sounds))
    for path, features in _embed_timed(embedder, videos, modalities, work):
        if getattr(features, 'reason', None) == NO_PICTURE and 'audio' in modalities:
            sounds.append(path)
        else:
            yield path, features
    yield from _embed_timed(embedder, sounds, ('audio',), work)


def _embed_timed(
    embedder: Embedder, paths: list[str], modalities: tuple[str, ...], work: dict
) -> Iterator[tuple[str, dict[str, ClipFeatures] | Exception]]:
    """The same of one kind of file; where a header tells no duration, it is found by decoding."""
    untimed = []
    for path, features in embed_files(embedder, paths, modalities, **work):
        if getattr(features, 'reason', None) == NO_DURATION:
            untimed.append(path)
        else:
            yield path, features
    durations = {}
    for path, facts in guarded_map(_facts, untimed, **work):
        if isinstance(facts, Exception):
            yield path, facts
        else:
            durations[path] = facts['duration']
    seconds = list(durations.values())
    yield from embed_files(embedder, list(durations), modalities, seconds, **work)


def _facts(path: str) -> dict | MediaError:
    """What :func:`.probe` says, in a process that a broken file may hang or crash."""
    try:
        return probe(path, require_video=False)
    except MediaError as error:
        return error
