"""Which indexed files a file is a copy of, and where."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from ..apis.embed_files import embed_files
from ..apis.embedder import ClipFeatures, Embedder
from ..errors import MediaError
from ..media import probe
from ..utils.work import TIMEOUT
from ..workers.guarded_map import guarded_map
from .embedding import usable_chunks
from .index.calibration import FALLBACK
from .index.index import LETTERS, FingerprintIndex
from .index.tables import POSITION_BITS
from .matching.fusion import fuse
from .matching.segments import Hits, find_segments

Chunks = dict[str, 'tuple[np.ndarray, np.ndarray]']
"""By 'video' and/or 'audio': times (n, 2) in seconds and unit vectors (n, D)."""


@dataclass(frozen=True)
class Match:
    """A stretch of a query that is a copy of a stretch of an indexed file.

    Attributes:
        query: Path of the query.
        query_start: Seconds.
        query_end: Seconds.
        video: Path of the indexed file.
        video_start: Seconds, where ``query_start`` comes from.
        video_end: Seconds.
        speed: Seconds of ``video`` that pass in a second of the query.
        score: From 0, as alike as any two files, to 1.
        modality: ``'v'``: picture, ``'a'``: sound, ``'av'``: both agree.
    """

    query: str
    query_start: float
    query_end: float
    video: str
    video_start: float
    video_end: float
    speed: float
    score: float
    modality: str


def query_features(
    embedder: Embedder, path, modality: str = 'av', workers: int = 1, timeout: float = TIMEOUT
) -> dict[str, ClipFeatures]:
    """Features of a file by modality, of those that it and the model have.

    Raises:
        MediaError: If the file cannot be read within ``timeout`` seconds, or has nothing of the
            modality.
    """
    ((_, facts),) = guarded_map(_facts, [os.fspath(path)], timeout=timeout)
    if isinstance(facts, Exception):
        raise MediaError(path, getattr(facts, 'reason', facts)) from facts
    has = dict(video=facts['width'] > 0, audio=facts['has_audio'])
    asked = [name for name, letter in LETTERS.items() if letter in modality]
    known = tuple(name for name in asked if has[name] and name in embedder.modalities)
    if not known:
        raise MediaError(path, f'no {" or ".join(asked)} to compare')
    durations = [facts['duration']]  # a header may promise more than there is
    ((_, features),) = embed_files(embedder, [os.fspath(path)], known, durations, workers, timeout)
    if isinstance(features, Exception):
        raise MediaError(path, getattr(features, 'reason', features)) from features
    return features


def _facts(path: str) -> dict | MediaError:
    """What :func:`probe` says, in a process that a broken file may hang or crash."""
    try:
        return probe(path, require_video=False)
    except MediaError as error:
        return error


def chunks_of(features: Mapping[str, ClipFeatures]) -> Chunks:
    """The chunks of a file that can be recognised, by modality."""
    return {name: usable_chunks(clips, name) for name, clips in features.items()}


def chunks_in(index: FingerprintIndex, path: str) -> Chunks:
    """The chunks of an indexed file, by modality."""
    tracks = index.catalog.files[path].tracks.values()
    return {track.modality: (track.times, rows) for track, rows in index.catalog.vectors(tracks)}


def compared(index: FingerprintIndex, chunks: Chunks) -> Chunks:
    """Chunks as they are compared, by ``'v'`` and ``'a'``."""
    return {
        LETTERS[name]: (times, index.whiten(name, vectors))
        for name, (times, vectors) in chunks.items()
        if len(times)
    }


def match_chunks(
    index: FingerprintIndex,
    name: str,
    chunks: Chunks,
    topk: int = 20,
    weights: Mapping[str, float] | None = None,
    threshold: float | None = None,
    later_only: bool = False,
) -> list[Match]:
    """Matches of chunks, by late fusion: what picture and sound find, joined where they agree.

    The score ``s`` of a modality counts as ``w * s``. Where both have found the same stretch the
    score is ``1 - (1 - w_v * s_v) * (1 - w_a * s_a)``: either is enough, both are surer.

    Args:
        index: Where to look.
        name: Path of what the chunks are of.
        chunks: As of :func:`chunks_of`.
        topk: Candidates for each chunk.
        weights: ``w`` in [0, 1] by ``'video'`` and ``'audio'``. Defaults to None: 1.
        threshold: Lowest score. Defaults to None: that of the modality, or of both together.
        later_only: Whether ``name`` is indexed, and to be compared only with files indexed later.

    Returns:
        list[Match]: Best score first.
    """
    thresholds = index.catalog.facts.get('thresholds', {})
    found = []
    for modality, (times, vectors) in chunks.items():
        own = index.catalog.files[name].tracks[modality] if later_only else None
        hits = _hits(index, modality, times, vectors, topk, own)
        weight = 1.0 if weights is None else weights[modality]
        for segment in find_segments(hits, chunk=index.catalog.facts['chunk']):
            found.append((replace(segment, score=weight * segment.score), LETTERS[modality]))
    matches = []
    for segment, letters in fuse(found):
        limit = thresholds.get(letters, FALLBACK[letters]) if threshold is None else threshold
        if segment.score >= limit:
            values = dict(vars(segment), video=index.catalog.paths[segment.video])
            matches.append(Match(query=name, **values, modality=letters))
    matches.sort(key=lambda match: (-match.score, match.video, match.query_start))
    return [match for i, match in enumerate(matches) if not _repeats(match, matches[:i])]


def find_copies(
    index: FingerprintIndex, topk: int = 20, threshold: float | None = None
) -> Iterator[Match]:
    """Stretches that indexed files have in common, each pair of files once.

    Args:
        index: Whose files are compared with one another.
        topk: Candidates for each chunk.
        threshold: As of :func:`match_chunks`.

    Yields:
        Match: ``query`` is the file that was indexed first.
    """
    files = sorted(index.catalog.files.values(), key=lambda file: file.id)
    for file in tqdm(files, unit='file'):
        chunks = chunks_in(index, file.path)
        yield from match_chunks(index, file.path, chunks, topk, None, threshold, later_only=True)


def _hits(index, modality, times, vectors, topk, own) -> Hits:
    """Similar chunks of indexed files (H,)."""
    backend = index.vectors(modality) if len(times) else None
    if backend is None:
        return Hits(*np.zeros((4, 0)))
    exclude = (own.id << POSITION_BITS, (own.id + 1) << POSITION_BITS) if own else None
    similarity, ids = backend.search(index.whiten(modality, vectors), topk, exclude)
    files, middles = index.locate(ids.ravel())
    keep = files > (own.file if own else -1)
    asked = np.repeat(times.mean(axis=1), topk)
    return Hits(asked, files, middles, similarity.ravel()).take(keep)


def _repeats(match: Match, better: list[Match]) -> bool:
    """Whether most of the query's stretch was found in that video already: a rhythm, a loop."""
    shared = [
        min(match.query_end, other.query_end) - max(match.query_start, other.query_start)
        for other in better
        if other.video == match.video
    ]
    return max(shared, default=0) > 0.5 * (match.query_end - match.query_start)
