"""Finds the indexed files from which a file is copied, and the times."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..apis.embedder import ClipFeatures, Embedder
from ..errors import MediaError
from ..utils.work import TIMEOUT
from .choices import LETTERS, MODALITIES, SIDES
from .chunks import Chunks, ComparedChunks
from .embed_media import NO_PICTURE, NO_SOUND, embed_media
from .embedding import usable_chunks
from .index.index import FingerprintIndex
from .index.limits import threshold_name, thresholds_of, weighted
from .index.strangers import ceiling_of, find_candidates
from .index.tables import POSITION_BITS
from .matching.fusion import candidates, modality_of
from .matching.hits import Hits
from .matching.segments import find_segments


@dataclass(frozen=True)
class Match:
    """A segment of a query that is a copy of a segment of an indexed file.

    Attributes:
        query: Path of the query.
        query_start: Start in the query in seconds.
        query_end: End in the query in seconds.
        video: Path of the indexed file.
        video_start: Time in seconds that ``query_start`` is copied from.
        video_end: End in the indexed file in seconds.
        speed: Seconds of ``video`` per second of the query.
        score: Score from 0 (as similar as any two files) to 1.
        modality: Modality of the match: ``'v'``: video, ``'a'``: audio, ``'av'``: both agree.
        descriptors: Letters of what found it: ``'v'`` and ``'a'``: learned features of video and
            audio, ``'h'``: perceptual hash, ``'c'``: Chromaprint.
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
    descriptors: str


def query_features(
    embedder: Embedder, path, modality: str = 'av', workers: int = 1, timeout: float = TIMEOUT
) -> dict[str, ClipFeatures]:
    """Computes the features of a file by modality, as far as it and the model have them.

    Raises:
        MediaError: If the file cannot be read within ``timeout`` seconds or lacks the modality.
    """
    wanted = MODALITIES[modality]
    usable = tuple(name for name in wanted if name in embedder.modalities)
    nothing = MediaError(path, f'no {" or ".join(wanted)} to compare')
    if not usable:
        raise nothing
    ((_, features),) = embed_media(embedder, [os.fspath(path)], usable, workers, timeout)
    if isinstance(features, Exception):
        reason = getattr(features, 'reason', features)
        error = nothing if reason in (NO_PICTURE, NO_SOUND) else MediaError(path, reason)
        raise error from features
    found = {name: clips for name, clips in features.items() if clips.has_audio.any()}
    if not found:
        raise nothing
    return found


def chunks_of(features: Mapping[str, ClipFeatures]) -> Chunks:
    """Recognisable chunks of a file, by modality."""
    return {name: usable_chunks(clips, name) for name, clips in features.items()}


def chunks_in(index: FingerprintIndex, path: str) -> Chunks:
    """Chunks of an indexed file, by modality."""
    tracks = index.catalog.files[path].tracks.values()
    return {track.modality: (track.times, rows) for track, rows in index.catalog.vectors(tracks)}


def compared(index: FingerprintIndex, chunks: Chunks) -> ComparedChunks:
    """Chunks in the form in which they are compared, by the letters of the descriptors."""
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
    is_known: Callable[[str, Hits], np.ndarray] | None = None,
) -> list[Match]:
    """Matches chunks by late fusion: what several descriptors have found is joined where it agrees.

    The score ``s`` of a descriptor is weighted as ``w * s``, at most 1. If two have found the same
    segment, the score is ``1 - (1 - w_1 * s_1) * (1 - w_2 * s_2)``: one is enough, both are more
    certain. Low scores of hashes and Chromaprint do not count, see ``EVIDENCE``.

    Args:
        index: Index to search.
        name: Path of the query.
        chunks: Chunks of the query, see :func:`chunks_of`.
        topk: Number of candidates per chunk in the first search; more follow while they stand out.
        weights: Weights in [0, 1] by ``'video'`` and ``'audio'``, times those that the index was
            calibrated to. Defaults to None: 1.
        threshold: Minimum score. Defaults to None: that of the modality, or of both together.
        is_known: Function of ``name`` and hits that marks the hits that are already known. If
            given, ``name`` is an indexed file and only compared with files indexed later. Defaults
            to None.

    Returns:
        list[Match]: Matches, best score first.
    """
    known_weights = index.catalog.metadata.get('weights', {})
    known_thresholds = thresholds_of(index.catalog.metadata)
    letters = {LETTERS[descriptor] for descriptor in chunks}
    chunk = index.catalog.metadata['chunk']
    found = []
    for descriptor, (times, vectors) in chunks.items():
        hits = _hits(index, descriptor, times, vectors, topk, name, is_known)
        letter = LETTERS[descriptor]
        weight = known_weights.get(letter, 1.0)
        weight *= 1.0 if weights is None else weights[MODALITIES[SIDES[letter]][0]]
        segments = find_segments(hits, chunk=chunk)
        found += weighted(segments, letter, weight, letters, known_thresholds)
    thresholds = thresholds_of(index.catalog.metadata, threshold)
    query_end = max((times.max(initial=0) for times, _ in chunks.values()), default=0)
    matches = []
    for segment, by in candidates(found):
        modality = modality_of(by)
        if segment.score >= thresholds[threshold_name(by)]:
            path = index.catalog.paths[segment.video]
            segment = segment.within(query_end, index.end(path))
            facts = dict(vars(segment), video=path, modality=modality, descriptors=by)
            matches.append(Match(query=name, **facts))
    matches.sort(key=lambda match: (-match.score, match.video, match.query_start))
    better, kept = defaultdict(list), []
    for match in matches:
        if not _repeats(match, better[match.video]):
            better[match.video].append(match)
            kept.append(match)
    return kept


def _hits(index, modality, times, vectors, topk, name, is_known) -> Hits:
    """Finds similar chunks of indexed files (H,)."""
    backend = index.vectors(modality) if len(times) else None
    if backend is None:
        return Hits(*np.zeros((4, 0)))
    number, exclude, after = len(backend), None, -1
    if is_known is not None:
        own = index.catalog.files[name].tracks[modality]
        number, after = number - len(own.times), own.file
        exclude = (own.id << POSITION_BITS, (own.id + 1) << POSITION_BITS)

    def search(vectors: np.ndarray, topk: int) -> tuple[np.ndarray, np.ndarray]:
        return backend.search(vectors, topk, exclude)

    if not number:
        return Hits(*np.zeros((4, 0)))
    ceiling = ceiling_of(index, modality)
    found = find_candidates(search, index.whiten(modality, vectors), number, topk, ceiling)
    files, middles = index.locate(found.id)
    query_times = times[found.chunk, 0] + index.catalog.metadata['chunk'] / 2
    hits = Hits(query_times, files, middles, found.similarity, found.level).take(files > after)
    return hits if is_known is None else hits.take(~is_known(name, hits))


def _repeats(match: Match, better: list[Match]) -> bool:
    """Whether most of the query's segment was already found in that video: a rhythm, a loop."""
    shared = [
        min(match.query_end, other.query_end) - max(match.query_start, other.query_start)
        for other in better
    ]
    return max(shared, default=0) > 0.5 * (match.query_end - match.query_start)
