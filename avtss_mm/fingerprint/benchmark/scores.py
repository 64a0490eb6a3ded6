"""Figures of a search for copies with known sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..matching.segments import Segment, find_segments
from ..time_map import TimeMap
from .exact_search import Found

TIE = 1e-6
"""Difference below which similarities count as equal: the rounding of float32."""
RECALLS = (1, 5, 10)
LENGTHS = (2, 5, 10)
"""Seconds of a query that ``R@1_2s`` and so on use."""
BEST_CHUNKS = 5
"""Number of most similar chunks whose mean is a video's score. With fewer, a chunk that is similar
by chance counts too much; with all, a copy inserted into another video is lost."""
CANDIDATES = 50
"""Number of candidates per query in micro-AP; other videos count as not found."""


@dataclass(frozen=True)
class Truth:
    """Source of a query.

    Attributes:
        videos: Indices of the gallery videos that are its source; several if the gallery has
            duplicates, none for a negative query.
        time_map: Map from times of the query to times of the source; None if unknown.
    """

    videos: tuple[int, ...] = ()
    time_map: TimeMap | None = None

    def span(self) -> list[float]:
        """Start and end of the copied part of the reference in seconds."""
        copied = self.time_map.query_start, self.time_map.query_end
        return sorted(map(self.time_map.reference, copied))

    def iou(self, segment: Segment) -> float:
        """Smaller one of the overlaps (IoU) with a segment in the query and in the reference."""
        if segment.video not in self.videos:
            return 0.0
        copied = self.time_map.query_start, self.time_map.query_end
        query = _iou(segment.query_start, segment.query_end, *copied)
        return min(query, _iou(segment.video_start, segment.video_end, *self.span()))


@dataclass(frozen=True)
class Answer:
    """Result of a query in a modality.

    Attributes:
        truth: Expected result.
        rank: Rank of the first right video, from 1; infinity if there is none. Equally similar
            wrong videos come before it.
        rank_after: Ranks using only the first seconds of the copy, for all ``LENGTHS`` that it has;
            empty if its position is unknown.
        scores: Scores of the best videos (k,), descending.
        right: Whether these videos are right (k,).
        own_score: Score of the best right video; minus infinity if there is none.
        segment: Best segment, if any.
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
        """Error of the middle of the segment in seconds of the reference.

        Infinite if the segment is in a wrong video or missing; NaN if the truth is unknown.
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
    """Rank the videos by their similarity to the query chunks that they resemble most.

    Args:
        found (Found): Result of the search for the query's m chunks.
        times (ndarray): Mid-times of the chunks in seconds (m,).
        truth (Truth): Expected result.
        background (ndarray or float): Values to subtract from the similarities of each chunk (m,).
            Defaults to 0.
        **labels: Labels of the query.
    """
    similarity = found.best - np.broadcast_to(background, len(times))[:, None]
    scores = video_scores(similarity)
    right = np.isin(np.arange(len(scores)), truth.videos)
    rank_after = {}
    copied = truth.time_map or TimeMap(query_end=0.0)  # empty if unknown
    start, end = copied.query_start, copied.query_end
    for length in LENGTHS:
        # windows of 2 s within the first seconds of the copy
        early = (times >= start + 1 - 1e-3) & (times <= start + length - 1 + 1e-3)
        if end - start >= length - 0.1 and early.any():
            rank_after[length] = rank_of_right(video_scores(similarity[early]), right)
    segments = find_segments(found.hits)
    return ranked(scores, truth, segments[0] if segments else None, rank_after, **labels)


def ranked(
    scores: np.ndarray, truth: Truth, segment: Segment | None, rank_after: dict, **labels
) -> Answer:
    """Make an answer from the score of each video (V,); minus infinity if it was not found."""
    right = np.isin(np.arange(len(scores)), truth.videos)
    order = np.argsort(-scores, kind='stable')[:CANDIDATES]
    order = order[np.isfinite(scores[order])]
    return Answer(
        truth=truth,
        rank=rank_of_right(scores, right),
        rank_after=rank_after,
        scores=scores[order],
        right=right[order],
        own_score=scores[right].max(initial=-np.inf),
        segment=segment,
        labels=labels,
    )


def video_scores(similarity: np.ndarray) -> np.ndarray:
    """Score of each video (V,) from its similarities ``(m, V)`` to the chunks of a query."""
    return -np.sort(-similarity, axis=0)[:BEST_CHUNKS].mean(axis=0)


def rank_of_right(scores: np.ndarray, right: np.ndarray) -> float:
    """Rank of the best right item, from 1; equally good wrong items come first.

    Args:
        scores (ndarray): Scores of shape ``(V,)``.
        right (ndarray): Which items are right, bool, shape ``(V,)``. Without any the rank is
            infinite.
    """
    best = scores[right].max(initial=-np.inf)
    if best == -np.inf:
        return np.inf
    return 1.0 + (scores[~right] >= best - TIE).sum()


def micro_ap(answers: Sequence[Answer]) -> float:
    """Average precision of all pairs of query and candidate, sorted together by score.

    Right pairs that are not among the candidates count with precision 0.
    """
    wanted = sum(len(a.truth.videos) for a in answers)
    right = np.concatenate([a.right for a in answers])
    if not right.any():
        return 0.0
    from sklearn.metrics import average_precision_score  # imported here because it is slow

    precision = average_precision_score(right, np.concatenate([a.scores for a in answers]))
    return float(precision * right.sum() / wanted)


def summarise(answers: Sequence[Answer], negatives: Sequence[Answer]) -> dict[str, float]:
    """Compute the figures of one row of the table.

    Args:
        answers (Sequence[Answer]): Answers to queries with a source, at least one.
        negatives (Sequence[Answer]): Answers to queries without a source.

    Returns:
        dict: ``queries`` and ``negatives`` (numbers); ``R@1``, ``R@5``, ``R@10``, ``MRR``;
        ``R@1_2s``, ... from only the first seconds of the copy; ``micro_AP`` with the negatives;
        ``FPR90``: share of negatives above the score that 90 % of the right pairs exceed;
        ``R@1_FPR1``: share of copies at rank 1 and above the score that 1 % of the negatives reach;
        ``offset_error``: median in seconds if the right video was found; ``within_1s``;
        ``segment_F1``: a segment is right if its IoU with the truth is at least 0.5 in query and
        reference. NaN if there are no data.
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
