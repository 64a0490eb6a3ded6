"""Gathering a tensor of all ranks with its gradient."""

from __future__ import annotations

import torch
from mmengine.dist import all_gather, all_reduce, get_rank


def gather_with_grad(x: torch.Tensor) -> torch.Tensor:
    """Concatenate the tensors of all ranks so that gradients flow back to each of them.

    Args:
        x (Tensor): Shape ``(B, ...)``, the same on every rank.

    Returns:
        Tensor: Shape ``(ranks * B, ...)``. Its gradient is summed over the ranks. ``x`` itself
        when there is one rank.
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
