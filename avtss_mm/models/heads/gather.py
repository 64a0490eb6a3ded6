"""Gathers the embeddings of all ranks, with gradients."""

from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.dist import all_gather, all_reduce, get_rank

from ..memories import FeatureQueue


class GlobalBatch(NamedTuple):
    """The ``B`` videos of this rank, and the ``G`` of all ranks.

    Attributes:
        z: Unit vectors of this rank by modality, shape ``(B, 2, D)``.
        valid: Which clips of this rank exist, bool, shape ``(B, 2)``.
        ids: Ids of this rank's videos, shape ``(B,)``.
        own: Indices of this rank's videos in the global batch, shape ``(B,)``.
        all_z: Unit vectors of all ranks, shape ``(G, 2, D)``; gradients flow back to each rank.
        all_valid: Which clips of all ranks exist, bool, shape ``(G, 2)``.
        all_ids: Ids of all videos, shape ``(G,)``.
        queues: Queues to search, by modality; equal on all ranks.
    """

    z: dict[str, torch.Tensor]
    valid: dict[str, torch.Tensor]
    ids: torch.Tensor
    own: torch.Tensor
    all_z: dict[str, torch.Tensor]
    all_valid: dict[str, torch.Tensor]
    all_ids: torch.Tensor
    queues: dict[str, FeatureQueue]


def gather_batch(
    z: dict[str, torch.Tensor],
    valid: dict[str, torch.Tensor],
    ids: torch.Tensor,
    queues: dict[str, FeatureQueue],
) -> GlobalBatch:
    """Gather the batches of all ranks, which have the same number of videos each."""
    return GlobalBatch(
        z,
        valid,
        ids,
        torch.arange(len(ids), device=ids.device) + get_rank() * len(ids),
        {name: gather_with_grad(x) for name, x in z.items()},
        {name: torch.cat(all_gather(mask)) for name, mask in valid.items()},
        torch.cat(all_gather(ids)),
        queues,
    )


def gather_with_grad(x: torch.Tensor) -> torch.Tensor:
    """Concatenate the tensors of all ranks so that gradients flow back to each rank.

    Args:
        x (Tensor): Tensor of shape ``(B, ...)``, the same shape on every rank.

    Returns:
        Tensor: Tensor of shape ``(ranks * B, ...)``. The gradients of all ranks are summed.
    """
    return _Gather.apply(x)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        ctx.batch_size = len(x)
        return torch.cat(all_gather(x.contiguous()))

    @staticmethod
    def backward(ctx, grad: torch.Tensor) -> torch.Tensor:
        grad = grad.contiguous().clone()
        all_reduce(grad)
        return grad[get_rank() * ctx.batch_size :][: ctx.batch_size]
