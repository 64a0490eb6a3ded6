"""Embeddings, masks and queues for tests of the contrastive heads."""

import torch
import torch.nn.functional as F

from avtss_mm.models import (
    AgreementContrastiveHead,
    FeatureQueue,
    NearestNeighborContrastiveHead,
)

TAU = 0.1


class NearestInAgreement(AgreementContrastiveHead, NearestNeighborContrastiveHead):
    """Combines both classes."""


def unit(*shape, seed=0, grad=False):
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(x, dim=-1).requires_grad_(grad)


def embeddings(num=6, dim=8, seed=0):
    z = dict(video=unit(num, 2, dim, seed=seed), audio=unit(num, 2, dim, seed=seed + 1))
    return {name: value.detach().requires_grad_() for name, value in z.items()}


def everywhere(num=6):
    return dict(video=torch.ones(num, 2).bool(), audio=torch.ones(num, 2).bool())


def filled_queues(dim=8, length=30, seed=7, ids=None):
    queues = {}
    for i, name in enumerate(('video', 'audio')):
        queue = FeatureQueue(length, dim).double()
        queue.enqueue(
            unit(length, dim, seed=seed + i), torch.arange(length) if ids is None else ids
        )
        queues[name] = queue
    return queues
