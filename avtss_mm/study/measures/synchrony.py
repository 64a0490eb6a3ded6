"""Whether sound and picture of one moment find each other among other moments of the video."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

STRIDE = 1.0
"""Seconds between the moments that are told apart."""
REACH = 2
"""The true sound is one of those from ``REACH`` moments before to as many after."""


def synchrony_ranks(video: np.ndarray, audio: np.ndarray, has_audio: np.ndarray) -> np.ndarray:
    """Rank of a clip's own sound among the sounds around it.

    Args:
        video (ndarray): ``z`` of the clips at 0, ``STRIDE``, 2 ``STRIDE``, ... seconds, unit
            vectors ``(M, D)``.
        audio (ndarray): ``z`` of the sounds of the same windows ``(M, D)``.
        has_audio (ndarray): Whether there is sound in a window, bool ``(M,)``.

    Returns:
        ndarray: Ranks from 1 (the best) of the moments that have all ``2 REACH + 1`` sounds; wrong
        ones that fit as well (up to 1e-6) come before the true one.
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
    """How often, and how far, a clip prefers its own sound to that of 1 or 2 s before or after.

    All candidates are of one video, so class, object and room tell nothing: only what happens at
    the moment does. A trial is a clip of the test videos (at 2, 3, ... s; four in a video of 8 s)
    and five sounds, at -2, -1, 0, 1 and 2 s of it, compared by the cosine of the projections;
    windows are forward at speed 1. Trials with a silent sound are left out. Negatives from the
    same video are those of Korbar, Tran and Torresani (NeurIPS 2018, `arXiv 1807.00230
    <https://arxiv.org/abs/1807.00230>`_); there they were trained with and a pair was judged
    alone, here they are ranked.

    Args:
        files: The arguments of :func:`synchrony_ranks` for each test video.

    Returns:
        dict: ``sync_top1`` (chance 0.2), ``sync_rank`` (mean; chance 3) and their ``_chance``;
        empty if there is no trial.
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
