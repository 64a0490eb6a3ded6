"""A first-in first-out memory of embeddings, searched for neighbours."""

from __future__ import annotations

import torch
import torch.nn as nn
from mmaction.registry import MODELS


@MODELS.register_module()
class FeatureQueue(nn.Module):
    """The last ``length`` embeddings, each with the id of the video that it came from.

    Everything is a persistent buffer, so that a resumed run goes on with the queue it had. Feed
    it what was gathered over all ranks: then it is equal on every rank. An id below 0 marks an
    entry that is never a neighbour (an empty place, a clip without sound).

    Args:
        length (int): Number of entries ``Q``. Longer queues have nearer neighbours and older
            features. At most half of the data set: a queue that holds the whole set holds last
            epoch's copy of each query.
        feat_dim (int): Size ``D`` of an embedding.
    """

    def __init__(self, length: int, feat_dim: int) -> None:
        super().__init__()
        self.length = length
        self.register_buffer('features', torch.zeros(length, feat_dim))
        self.register_buffer('ids', torch.full((length,), -1, dtype=torch.long))
        self.register_buffer('num_enqueued', torch.zeros((), dtype=torch.long))
        self._full = False  # spares a device synchronisation once the queue has filled

    @property
    def is_full(self) -> bool:
        """Whether ``length`` entries have come in."""
        if not self._full:
            self._full = self.num_enqueued.item() >= self.length
        return self._full

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._full = False  # ask the loaded counter again

    @torch.no_grad()
    def enqueue(self, features: torch.Tensor, ids: torch.Tensor) -> None:
        """Replace the oldest entries.

        Args:
            features (Tensor): Unit vectors of shape ``(B, D)``, ``B`` at most ``length``.
            ids (Tensor): Video ids of shape ``(B,)``, below 0 for entries never to be found.

        Raises:
            ValueError: If the batch is larger than the queue.
        """
        if len(features) > self.length:
            raise ValueError(
                f'a batch of {len(features)} does not fit into a queue of {self.length}: '
                'make the queue longer or the batch smaller'
            )
        places = torch.arange(len(features), device=self.ids.device)
        places = (self.num_enqueued + places) % self.length
        # Not in place: the backward pass of this step still reads the old entries.
        self.features = self.features.index_copy(0, places, features.to(self.features.dtype))
        self.ids.index_copy_(0, places, ids)
        self.num_enqueued += len(features)

    @torch.no_grad()
    def similarity(self, targets: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """Compare each target with all entries that come from other videos.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.

        Returns:
            Tensor: Cosines of shape ``(B, length)``, ``-inf`` for entries of the own video and for
            those that are never a neighbour.
        """
        similarity = targets.to(self.features.dtype) @ self.features.T  # B, Q
        excluded = (self.ids == ids[:, None]) | (self.ids < 0)
        return similarity.masked_fill_(excluded, -torch.inf)

    @torch.no_grad()
    def nearest(
        self,
        targets: torch.Tensor,
        ids: torch.Tensor,
        num: int,
        agreeing: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the entries most similar to each target that come from other videos.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.
            num (int): Number of neighbours, at most ``length``.
            agreeing (Tensor, optional): Similarities of the same videos in another modality, shape
                ``(B, length)``: an entry then is as similar as in the modality where it is less
                so. Defaults to None.

        Returns:
            tuple[Tensor, Tensor]: Places of the neighbours in the queue, the most similar first,
            and whether each is a real entry of another video; both of shape ``(B, num)``.
        """
        similarity = self.similarity(targets, ids)
        if agreeing is not None:
            similarity = torch.minimum(similarity, agreeing)
        values, places = similarity.topk(num, dim=1)
        return places, values > -torch.inf
