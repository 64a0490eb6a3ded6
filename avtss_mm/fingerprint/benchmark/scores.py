"""Figures of a search for copies whose source is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..matching.segments import Segment, find_segments
from ..time_map import TimeMap
from .exact_search import Found

TIE = 1e-6
"""Similarities this close are the same: the rounding of float32."""
RECALLS = (1, 5, 10)
LENGTHS = (2, 5, 10)
"""Seconds of a query that are looked at in ``R@1_2s`` and so on."""
BEST_CHUNKS = 5
"""A video's score is the mean of this many of its most similar chunks: of fewer, one chunk alike by
chance counts too much; of all, a copy that is inserted in another video is lost."""
CANDIDATES = 50
"""Videos of each query that take part in micro-AP; others count as not found."""


@dataclass(frozen=True)
class Truth:
    """Where a query comes from.

    Attributes:
        videos: Numbers of the gallery's videos that are its source; several where the gallery has
            duplicates, none for a negative query.
        time_map: Which second of the query is which of the source; None where nobody knows.
    """

    videos: tuple[int, ...] = ()
    time_map: TimeMap | None = None

    def span(self) -> list[float]:
        """Seconds of the reference at which the copied stretch begins and ends."""
        copied = self.time_map.query_start, self.time_map.query_end
        return sorted(map(self.time_map.reference, copied))

    def iou(self, segment: Segment) -> float:
        """Overlap with a segment in the query or in the reference, whichever is smaller."""
        if segment.video not in self.videos:
            return 0.0
        copied = self.time_map.query_start, self.time_map.query_end
        query = _iou(segment.query_start, segment.query_end, *copied)
        return min(query, _iou(segment.video_start, segment.video_end, *self.span()))


@dataclass(frozen=True)
class Answer:
    """What was found for a query in a modality.

    Attributes:
        truth: What should have been found.
        rank: Of the first right video, from 1; infinity where there is none. Wrong ones that are
            as similar come before it.
        rank_after: The same, by the first seconds of the copy, for those ``LENGTHS`` it has;
            none where its place is not known.
        scores: Of the best videos (k,), descending.
        right: Whether they are right (k,).
        own_score: Of the best right video; minus infinity where there is none.
        segment: The best segment, if any.
    """

    truth: Truth
    rank: float
    rank_after: dict[float, float]
    scores: np.ndarray
    right: np.ndarray
    own_score: float
    segment: Segment | None
    labels: dict = field(default_factory=dict)

    @property
    def offset_error(self) -> float:
        """Seconds in the reference by which the middle of the segment is misplaced.

        Infinity if it lies in a wrong video or there is none; NaN if the truth is not known.
        """
        if self.truth.time_map is None:
            return np.nan
        if self.segment is None or self.segment.video not in self.truth.videos:
            return np.inf
        middle = (self.segment.query_start + self.segment.query_end) / 2
        found = (self.segment.video_start + self.segment.video_end) / 2
        return abs(found - self.truth.time_map.reference(middle))


def answer(
    found: Found, times: np.ndarray, truth: Truth, background: np.ndarray | float = 0.0, **labels
) -> Answer:
    """Rank the videos by how similar they are to those chunks of a query that they are like most.

    Args:
        found (Found): Of the query's m chunks.
        times (ndarray): Their middles in seconds (m,).
        truth (Truth): What is right.
        background (ndarray or float): What is taken off the similarities of each chunk (m,).
            Defaults to 0.
        **labels: What to remember of the query.
    """
    similarity = found.best - np.broadcast_to(background, len(times))[:, None]
    scores = video_scores(similarity)
    right = np.isin(np.arange(len(scores)), truth.videos)
    rank_after = {}
    copied = truth.time_map or TimeMap(query_end=0.0)  # no stretch, where nobody knows
    start, end = copied.query_start, copied.query_end
    for length in LENGTHS:
        # windows of 2 s inside the first seconds of the copy
        early = (times >= start + 1 - 1e-3) & (times <= start + length - 1 + 1e-3)
        if end - start >= length - 0.1 and early.any():
            rank_after[length] = rank_of_right(video_scores(similarity[early]), right)
    order = np.argsort(-scores, kind='stable')[:CANDIDATES]
    order = order[np.isfinite(scores[order])]
    segments = find_segments(found.hits)
    return Answer(
        truth=truth,
        rank=rank_of_right(scores, right),
        rank_after=rank_after,
        scores=scores[order],
        right=right[order],
        own_score=scores[right].max(initial=-np.inf),
        segment=segments[0] if segments else None,
        labels=labels,
    )


def video_scores(similarity: np.ndarray) -> np.ndarray:
    """One score (V,) for each video, from similarities ``(m, V)`` to the chunks of a query."""
    return -np.sort(-similarity, axis=0)[:BEST_CHUNKS].mean(axis=0)


def rank_of_right(scores: np.ndarray, right: np.ndarray) -> float:
    """Rank from 1 of the best right item, wrong ones as good before it; infinity without one.

    Args:
        scores (ndarray): Shape ``(V,)``.
        right (ndarray): Bool, shape ``(V,)``.
    """
    best = scores[right].max(initial=-np.inf)
    if best == -np.inf:
        return np.inf
    return 1.0 + (scores[~right] >= best - TIE).sum()


def micro_ap(answers: Sequence[Answer]) -> float:
    """Average precision of all pairs of query and candidate, sorted by score together.

    Right pairs that are not among the candidates are missed: precision 0.
    """
    wanted = sum(len(a.truth.videos) for a in answers)
    right = np.concatenate([a.right for a in answers])
    if not right.any():
        return 0.0
    from sklearn.metrics import average_precision_score  # here: it is slow to import

    precision = average_precision_score(right, np.concatenate([a.scores for a in answers]))
    return float(precision * right.sum() / wanted)


def summarise(answers: Sequence[Answer], negatives: Sequence[Answer]) -> dict[str, float]:
    """Figures of one row of the table.

    Args:
        answers (Sequence[Answer]): Of queries that have a source, one or more.
        negatives (Sequence[Answer]): Of queries that have none.

    Returns:
        dict: ``queries`` and ``negatives`` (numbers); ``R@1``, ``R@5``, ``R@10``, ``MRR``;
        ``R@1_2s``, ... by the first seconds of the copy alone; ``micro_AP`` with the negatives;
        ``FPR90``: share of negatives that pass the score which 90 % of the right pairs pass;
        ``R@1_FPR1``: found first, and above the score that 1 % of the negatives reach;
        ``offset_error``: median seconds where the right video was found; ``within_1s``;
        ``segment_F1``: a segment is right if it covers the truth by half (IoU) in query and
        reference. NaN where there is nothing to compute it from.
    """
    ranks = np.array([a.rank for a in answers])
    figures = dict(queries=len(answers), negatives=len(negatives))
    figures.update({f'R@{k}': float((ranks <= k).mean()) for k in RECALLS})
    figures['MRR'] = float((1 / ranks).mean())
    for length in LENGTHS:
        ranks_after = [a.rank_after[length] for a in answers if length in a.rank_after]
        figures[f'R@1_{length}s'] = _mean([rank <= 1 for rank in ranks_after])
    figures['micro_AP'] = micro_ap([*answers, *negatives])
    false = np.array([a.scores.max(initial=-np.inf) for a in negatives])
    figures['FPR90'] = figures['R@1_FPR1'] = np.nan
    if len(false):
        own = np.quantile([a.own_score for a in answers], 0.1, method='lower')
        limit = np.quantile(false, 0.99, method='higher')
        figures['FPR90'] = float((false >= own).mean())
        above = [a.rank <= 1 and a.own_score > limit for a in answers]
        figures['R@1_FPR1'] = float(np.mean(above))
    timed = [a for a in answers if a.truth.time_map is not None]
    errors = np.array([a.offset_error for a in timed])
    found = errors[np.isfinite(errors)]
    figures['offset_error'] = float(np.median(found)) if len(found) else np.nan
    figures['within_1s'] = _mean(errors <= 1)
    segments = [a for a in timed if a.segment is not None]
    right = sum(a.truth.iou(a.segment) >= 0.5 for a in segments)
    figures['segment_F1'] = 2 * right / (len(timed) + len(segments)) if timed else np.nan
    return figures


def _mean(values) -> float:
    return float(np.mean(values)) if len(values) else np.nan


def _iou(a: float, b: float, c: float, d: float) -> float:
    return max(min(b, d) - max(a, c), 0.0) / (max(b, d) - min(a, c))
