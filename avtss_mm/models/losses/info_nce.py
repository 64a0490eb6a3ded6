"""The contrastive loss as stateless functions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce, get_world_size

ABSENT = -6e4
"""Logit that has no effect in a softmax. It is finite in half precision, and so are gradients."""


def multi_positive_info_nce(
    positives: torch.Tensor, positive_mask: torch.Tensor, negatives: torch.Tensor
) -> torch.Tensor:
    r"""InfoNCE averaged over several positives with the same negatives, ``l(z_i)``.

    .. math:: -1/|P| \sum_{p \in P} \log \frac{e^{s_p}}{e^{s_p} + \sum_{n \in N} e^{s_n}}

    Args:
        positives (Tensor): Logits (similarity / temperature) of the positives, shape ``(B, P)``.
        positive_mask (Tensor): Which positives exist, bool, shape ``(B, P)``.
        negatives (Tensor): Logits of the negatives, shape ``(B, N)``; ``ABSENT`` where there is
            none.

    Returns:
        Tensor: Loss of each query, shape ``(B,)``; 0 for a query without positives or negatives.
    """
    sum_negatives = negatives.logsumexp(dim=1, keepdim=True)  # B, 1
    losses = F.softplus(sum_negatives - positives) * positive_mask  # B, P
    return losses.sum(dim=1) / positive_mask.sum(dim=1).clamp(min=1)


def full_precision(x: torch.Tensor) -> torch.Tensor:
    """Convert half precision to float32; other types stay as they are."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the valid values of all ranks, scaled so that DDP averages to its gradient.

    Each rank returns ``sum of its valid values * world size / number of valid values on all
    ranks``. DDP averages gradients over ranks, which then gives the gradient of the mean over the
    global batch, however the valid values are spread over the ranks. The mean is 0 if no value is
    valid.

    Args:
        values (Tensor): Values of this rank, shape ``(B,)``.
        mask (Tensor): Which values are valid, bool, shape ``(B,)``.

    Returns:
        Tensor: A scalar that always has a graph, so that no rank waits for a gradient.
    """
    count = mask.sum().to(values.dtype)
    all_reduce(count)
    total = values.where(mask, torch.zeros_like(values)).sum()
    return total * get_world_size() / count.clamp(min=1)
