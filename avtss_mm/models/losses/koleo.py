"""The entropy term that spreads features evenly."""

from __future__ import annotations

import torch


def koleo(z: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    r"""Negative entropy of unit vectors, estimated by Kozachenko and Leonenko.

    .. math:: -mean_i \log \min_{j: id_j \ne id_i} |z_i - z_j|

    Sablayrolles et al., `Spreading vectors for similarity search
    <https://arxiv.org/abs/1806.03198>`_.

    Args:
        z (Tensor): Unit vectors of shape ``(B, D)``.
        ids (Tensor): Ids of their videos, shape ``(B,)``; vectors of the same video do not repel
            each other.

    Returns:
        Tensor: A scalar; 0 if there is only one video.
    """
    similarity = (z @ z.T).masked_fill(ids[:, None] == ids, -1e4)
    nearest = similarity.amax(dim=1) if len(z) else z.sum(dim=1)
    there = nearest > -2
    distance = (2 - 2 * nearest[there]).clamp(min=1e-6).sqrt()
    return -distance.log().sum() / there.sum().clamp(min=1)
