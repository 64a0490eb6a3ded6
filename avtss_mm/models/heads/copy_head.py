"""The contrastive head that trains features to find copies."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS

from ..losses import koleo
from .contrastive_head import ContrastiveHead


@MODELS.register_module()
class SpreadContrastiveHead(ContrastiveHead):
    """A :class:`ContrastiveHead` that also spreads the features evenly over the sphere.

    As in `A Self-Supervised Descriptor for Image Copy Detection (SSCD)
    <https://arxiv.org/abs/2202.10261>`_: InfoNCE between distorted copies, and the entropy term
    :func:`~avtss_mm.models.losses.koleo` of each modality.

    Args:
        spread_weight (float): Weight of the entropy term. Defaults to 1.
        **kwargs: Arguments of :class:`ContrastiveHead`.
    """

    def __init__(self, spread_weight: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.spread_weight = spread_weight

    def loss(self, embeddings, valid, video_ids, queues) -> dict[str, torch.Tensor]:
        """Add ``loss_spread_v`` and ``loss_spread_a`` to the losses of :class:`ContrastiveHead`."""
        results = super().loss(embeddings, valid, video_ids, queues)
        for name, z in embeddings.items():
            rows = z[valid[name]]  # of this rank
            ids = video_ids[:, None].expand_as(valid[name])[valid[name]]
            results[f'loss_spread_{name[0]}'] = self.spread_weight * koleo(rows, ids)
        return results
