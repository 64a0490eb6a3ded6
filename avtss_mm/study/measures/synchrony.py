"""Whether audio and video of a moment find each other among other moments of the same video."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

STRIDE = 1.0
"""Seconds between two neighbouring moments."""
REACH = 2
"""Number of moments before and after the true one whose sounds are candidates."""


def synchrony_ranks(video: np.ndarray, audio: np.ndarray, has_audio: np.ndarray) -> np.ndarray:
    """Rank of a clip's true sound among the sounds around it.

    Args:
        video (ndarray): Video embeddings ``z`` at 0, ``STRIDE``, 2 ``STRIDE``, ... seconds, unit
            vectors ``(M, D)``.
        audio (ndarray): Audio embeddings ``z`` of the same windows ``(M, D)``.
        has_audio (ndarray): Whether a window has sound, bool ``(M,)``.

    Returns:
        ndarray: Ranks from 1 (best) of the moments that have all ``2 REACH + 1`` sounds; equally
        similar wrong sounds (up to 1e-6) come before the true one.
    """
    similarity = video @ audio.T  # M, M
    ranks = []
    for moment in range(REACH, len(video) - REACH):
        around = slice(moment - REACH, moment + REACH + 1)
        if has_audio[around].all():
            scores = similarity[moment, around]
            ranks.append((scores >= scores[REACH] - 1e-6).sum())  # itself included
    return np.array(ranks, dtype=int)


def synchrony(files: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> dict[str, float]:
    """How often, and how clearly, a clip prefers its true sound to that 1 or 2 s before or after.

    All candidates come from the same video, so class, object and room do not help: only the events
    of the moment do. A trial is a clip of a test video (at 2, 3, ... s; four in a video of 8 s)
    and five sounds, at -2, -1, 0, 1 and 2 s from it, compared by the cosine similarity of the
    projections. Windows are played forward at speed 1. Trials with silence are skipped. Negatives
    from the same video were introduced by Korbar, Tran and Torresani (NeurIPS 2018, `arXiv
    1807.00230 <https://arxiv.org/abs/1807.00230>`_), who train with them and classify pairs; here
    they are ranked.

    Args:
        files: Arguments of :func:`synchrony_ranks` for each test video.

    Returns:
        dict: ``sync_top1`` (chance 0.2), ``sync_rank`` (mean; chance 3) and their ``_chance``;
        empty without trials.
    """
    ranks = [synchrony_ranks(*arrays) for arrays in files]
    ranks = np.concatenate(ranks) if ranks else np.empty(0)
    if not len(ranks):
        return {}
    return dict(
        sync_top1=float((ranks == 1).mean()),
        sync_top1_chance=1 / (2 * REACH + 1),
        sync_rank=float(ranks.mean()),
        sync_rank_chance=REACH + 1.0,
    )
