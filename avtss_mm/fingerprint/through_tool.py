"""Answers of ``avtss-fp`` to the queries of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from ..apis.embedder import ClipFeatures
from .benchmark.exact_search import FIELDS
from .benchmark.scores import Answer, Truth, ranked
from .choices import LETTERS, MODALITIES
from .chunks import Chunks
from .index.index import FingerprintIndex
from .indexing import finish
from .matching.segments import Segment
from .search import Match, chunks_of, match_chunks


def tool_answers(
    gallery: Sequence[dict], queries: Sequence[dict], truths: Sequence[Truth], labels: Sequence[str]
) -> list[Answer]:
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
        list[Answer]: Answers by modality; ranks after the first seconds are not measured.
    """
    names = [f'{number:06d}' for number in range(len(gallery))]
    answers = []
    with TemporaryDirectory() as folder, FingerprintIndex(folder, write=True) as index:
        chunk = float(np.diff(gallery[0]['clip_times'][0])[0])
        index.catalog.set_metadata(chunk=chunk)
        for name, row in zip(names, gallery):
            tracks = {side: (*track, 0) for side, track in _chunks(row, 'av').items()}
            index.catalog.replace(name, '0', tracks)
        finish(index)
        for row, truth in zip(tqdm(queries, 'search with avtss-fp', disable=None), truths):
            kept = {name: row[name] for name in labels if name in row}
            for modality in MODALITIES:
                chunks = _chunks(row, modality)
                if any(len(times) for times, _ in chunks.values()):
                    matches = match_chunks(index, 'query', chunks, threshold=0.0)
                    answers.append(_answer(matches, truth, len(names), modality=modality, **kept))
    return answers


def _chunks(row: dict, modality: str) -> Chunks:
    """Chunks of a row by which the tool recognises a file, by 'video' and 'audio'."""
    times = np.asarray(row['clip_times'], float)
    sound = np.asarray(row.get('has_audio', np.zeros(len(times))), bool)
    features = {
        side: ClipFeatures(times, np.asarray(row[FIELDS[letter]], np.float32), None, sound)
        for side, letter in LETTERS.items()
        if letter in modality and FIELDS[letter] in row
    }
    return chunks_of(features)


def _answer(matches: Sequence[Match], truth: Truth, num_videos: int, **labels) -> Answer:
    scores, best = np.full(num_videos, -np.inf), None
    for match in reversed(matches):  # the best comes last
        scores[int(match.video)] = match.score
        times = match.query_start, match.query_end, match.video_start, match.video_end
        best = Segment(int(match.video), *times, match.speed, match.score)
    return ranked(scores, truth, best, {}, **labels)
