"""Features of video and audio files, also of files that lack one or have a misleading header."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..apis.embed_files import embed_files
from ..apis.embedder import ClipFeatures, Embedder
from ..errors import MediaError
from ..media import probe
from ..media.finding import AUDIO_SUFFIXES, SUFFIXES
from ..utils.work import TIMEOUT
from ..workers.fan_out import Workers, fan_out

NO_PICTURE = 'no video stream'
"""Reason in the :class:`MediaError` of an audio file in a video container."""

NO_SOUND = 'no audio stream'
"""Reason in the error of a file without sound if only audio is requested."""

NO_DURATION = 'its duration is not known'
"""Reason in the error of a file without a duration in its header."""


def embed_media(
    embedder: Embedder,
    paths: Sequence[str],
    modalities: tuple[str, ...],
    workers: Workers = 1,
    timeout: float = TIMEOUT,
) -> Iterator[tuple[str, dict[str, ClipFeatures] | Exception]]:
    """Yields the features of files, or why there are none; of audio files only the audio.

    A file is opened once, unless several workers share it or its header misleads.

    Args:
        embedder: Embedder of :func:`.chunk_embedder`.
        paths: Paths of the files.
        modalities: Modalities, ``'video'`` and/or ``'audio'``.
        workers: Number of processes that decode, or a cluster.
        timeout: Time limit in seconds, see :func:`.embed_files`.
    """
    work = dict(workers=workers, timeout=timeout)
    suffixes = AUDIO_SUFFIXES - SUFFIXES if 'audio' in modalities else ()
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
    """Embeds files of one kind; decodes a file to find a duration that its header lacks."""
    untimed = []
    for path, features in embed_files(embedder, paths, modalities, **work):
        if getattr(features, 'reason', None) == NO_DURATION:
            untimed.append(path)
        else:
            yield path, features
    durations = {}
    for path, facts in fan_out(_facts, untimed, **work):
        if isinstance(facts, Exception):
            yield path, facts
        else:
            durations[path] = facts['duration']
    seconds = list(durations.values())
    yield from embed_files(embedder, list(durations), modalities, seconds, **work)


def _facts(path: str) -> dict | MediaError:
    """Runs :func:`.probe` in a process that may hang or crash without harm."""
    try:
        return probe(path, require_video=False)
    except MediaError as error:
        return error
