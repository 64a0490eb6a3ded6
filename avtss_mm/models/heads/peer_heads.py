"""Other papers' uses of the neighbours of :class:`ContrastiveHead`."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS

from .contrastive_head import ContrastiveHead
from .gather import GlobalBatch


@MODELS.register_module()
class NearestNeighborContrastiveHead(ContrastiveHead):
    """Neighbours replace the target as positives.

    As in `With a Little Help from My Friends (NNCLR) <https://arxiv.org/abs/2104.14548>`_. The
    target remains the positive if no neighbour is found. The arguments are those of
    :class:`ContrastiveHead`; NNCLR itself uses ``num_positives=1, positive_ranks=(1, 1)``.
    """

    def _keeps_target(self, found: torch.Tensor) -> torch.Tensor:
        return ~found.any(dim=1, keepdim=True)


@MODELS.register_module()
class AgreementContrastiveHead(ContrastiveHead):
    """Neighbours are similar in video and in audio.

    As in `Audio-Visual Instance Discrimination with Cross-Modal Agreement (AVID-CMA)
    <https://arxiv.org/abs/2004.12943>`_: neighbours are ranked by the smaller of their video and
    audio similarities to the target's video. A video without sound has no neighbours. Both
    modalities are needed. The arguments are those of :class:`ContrastiveHead`.
    """

    def _neighbors(self, target: str, window: int, batch: GlobalBatch) -> tuple[torch.Tensor, ...]:
        twin = 'audio' if target == 'video' else 'video'
        z, twin_z = (batch.z[name][:, window].detach() for name in (target, twin))
        agreeing = batch.queues[twin].similarity(twin_z, batch.ids)  # B, Q
        agreeing = agreeing.masked_fill(~batch.valid[twin][:, window, None], -torch.inf)
        return batch.queues[target].nearest(z, batch.ids, self.largest_rank, agreeing)


@MODELS.register_module()
class AgreementNearestNeighborContrastiveHead(
    AgreementContrastiveHead, NearestNeighborContrastiveHead
):
    """Both at once, which the arguments of 0.1 allowed."""
