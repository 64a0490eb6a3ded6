"""Answers of ``avtss-fp`` to the queries of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from ..apis.embedder import ClipFeatures
from .benchmark.exact_search import FIELDS
from .benchmark.scores import Answer, Truth, ranked
from .choices import LETTERS, MODALITIES, SIDES
from .chunks import Chunks
from .index.index import FingerprintIndex
from .indexing import finish
from .matching.segments import Segment
from .search import Match, chunks_of, match_chunks


def tool_answers(
    gallery: Sequence[dict], queries: Sequence[dict], truths: Sequence[Truth], labels: Sequence[str]
) -> dict[str, list[Answer]]:
    """Index the gallery as ``avtss-fp index`` does, and search it as ``avtss-fp query`` does.

    Whitening, candidates, late fusion and ranking are the tool's. A video's score is that of its
    best segment. No threshold is applied: the figures rank, as those of the exact search do.

    Args:
        gallery (Sequence[dict]): Rows of the gallery as :class:`FingerprintMetric` keeps them, not
            whitened.
        queries (Sequence[dict]): Rows of the queries.
        truths (Sequence[Truth]): Expected result of each query.
        labels (Sequence[str]): Names of the fields of a query to copy into its answers.

    Returns:
        dict: Answers by modality (list[Answer]) of all descriptors, as ``'avtss-fp'``; where rows
        have fingerprints without learning (``descriptors``), also of the learned features alone
        and of each fingerprint alone.
    """
    others = sorted({name for row in gallery for name in row.get('descriptors', ())})
    kinds = {'avtss-fp': ['video', 'audio', *others]}
    if others:
        kinds['avtss-fp_learned'] = ['video', 'audio']
        kinds |= {f'avtss-fp_{name}': [name] for name in others}
    data = (gallery, queries, truths, labels)
    return {kind: _answers(kind, names, *data) for kind, names in kinds.items()}


def _answers(kind, descriptors, gallery, queries, truths, labels) -> list[Answer]:
    """Answers of some of the descriptors; ranks after the first seconds are not measured."""
    sides = {SIDES[LETTERS[name]] for name in descriptors}
    names = [f'{number:06d}' for number in range(len(gallery))]
    answers = []
    with TemporaryDirectory() as folder, FingerprintIndex(folder, write=True) as index:
        chunk = float(np.diff(gallery[0]['clip_times'][0])[0])
        index.catalog.set_metadata(chunk=chunk)
        for name, row in zip(names, gallery):
            chunks = _chunks(row, 'av', descriptors)
            tracks = {side: (*track, 0) for side, track in chunks.items()}
            index.catalog.replace(name, '0', tracks)
        finish(index)
        for row, truth in zip(tqdm(queries, f'search with {kind}', disable=None), truths):
            kept = {name: row[name] for name in labels if name in row}
            for modality in filter(sides.issuperset, MODALITIES):
                chunks = _chunks(row, modality, descriptors)
                if any(len(times) for times, _ in chunks.values()):
                    matches = match_chunks(index, 'query', chunks, threshold=0.0)
                    answers.append(_answer(matches, truth, len(names), modality=modality, **kept))
    return answers


def _chunks(row: dict, modality: str, descriptors: Sequence[str]) -> Chunks:
    """Chunks of a row by which the tool recognises a file, by descriptor."""
    times = np.asarray(row['clip_times'], float)
    sound = np.asarray(row.get('has_audio', np.zeros(len(times))), bool)
    rows = dict(row.get('descriptors', {}))
    for name, letter in LETTERS.items():
        if FIELDS.get(letter) in row:
            rows[name] = row[FIELDS[letter]]
    features = {
        name: ClipFeatures(times, np.asarray(rows[name], np.float32), None, sound)
        for name in descriptors
        if name in rows and SIDES[LETTERS[name]] in modality
    }
    return chunks_of(features)


def _answer(matches: Sequence[Match], truth: Truth, num_videos: int, **labels) -> Answer:
    scores, best = np.full(num_videos, -np.inf), None
    for match in reversed(matches):  # the best comes last
        scores[int(match.video)] = match.score
        times = match.query_start, match.query_end, match.video_start, match.video_end
        best = Segment(int(match.video), *times, match.speed, match.score)
    return ranked(scores, truth, best, {}, **labels)
