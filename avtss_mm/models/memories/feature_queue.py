"""A first-in first-out queue of embeddings that is searched for neighbours."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS

BLOCK = 65_536
"""Number of entries to search at once."""

ELEMENTS = 2**22
"""Maximum number of elements of drawn entries to hold in memory at once."""


@MODELS.register_module()
class FeatureQueue(nn.Module):
    """The last ``length`` embeddings, each with the id of its video.

    Everything is a persistent buffer, so that a resumed run continues with its queue. Enqueue the
    gathered embeddings of all ranks to keep the queues of all ranks equal. An entry with an id
    below 0 is never a neighbour (an empty position, a clip without sound).

    Args:
        length (int): Number of entries ``Q``. Longer queues have nearer neighbours and older
            features. Use at most half the size of the data set: a longer queue may hold a copy of
            the query itself from the previous epoch.
        feat_dim (int): Size ``D`` of an embedding.
        search_length (int, optional): Number of entries to search, a different part of the queue at
            each step, which makes queues of a million entries affordable. Ranks are counted among
            them. Defaults to None: all entries.
    """

    def __init__(self, length: int, feat_dim: int, search_length: int | None = None) -> None:
        super().__init__()
        self.length = length
        self.search_length = search_length or length
        if not 0 < self.search_length <= length:
            raise ValueError(f'search_length must be 1 to {length}, got {search_length}')
        self.register_buffer('features', torch.zeros(length, feat_dim))
        self.register_buffer('ids', torch.full((length,), -1, dtype=torch.long))
        self.register_buffer('num_enqueued', torch.zeros((), dtype=torch.long))
        self._count = 0  # num_enqueued without a device synchronisation; None: unknown

    @property
    @torch._disable_dynamo  # the number changes at each step
    def count(self) -> int:
        """Number of entries enqueued so far."""
        if self._count is None:
            self._count = self.num_enqueued.item()
        return self._count

    @property
    @torch._disable_dynamo
    def is_full(self) -> bool:
        """Whether at least ``length`` entries have been enqueued."""
        return self.count >= self.length

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._count = None  # read the loaded counter again

    @torch._disable_dynamo
    @torch.no_grad()
    def enqueue(self, features: torch.Tensor, ids: torch.Tensor) -> None:
        """Replace the oldest entries.

        Args:
            features (Tensor): Unit vectors of shape ``(B, D)``, ``B`` at most ``length``.
            ids (Tensor): Video ids of shape ``(B,)``; below 0 for entries to hide from searches.

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
        self._count = self.count + len(features)
        self.num_enqueued += len(features)

    @torch.no_grad()
    def similarity(
        self, targets: torch.Tensor, ids: torch.Tensor, part: slice = slice(None)
    ) -> torch.Tensor:
        """Compare each target with the entries of other videos.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.
            part (slice): Entries to compare with. Defaults to all.

        Returns:
            Tensor: Cosine similarities of shape ``(B, length)``; ``-inf`` for entries of the same
            video and for hidden entries.
        """
        similarity = targets.to(self.features.dtype) @ self.features[part].T  # B, Q
        excluded = (self.ids[part] == ids[:, None]) | (self.ids[part] < 0)
        return similarity.masked_fill_(excluded, -torch.inf)

    @torch._disable_dynamo  # the searched part moves at each step, and each would be compiled
    @torch.no_grad()
    def nearest(
        self,
        targets: torch.Tensor,
        ids: torch.Tensor,
        num: int,
        agreeing: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Find the most similar entries of other videos for each target.

        Time is linear in ``search_length``; memory does not grow beyond ``BLOCK`` entries.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.
            num (int): Number of neighbours, at most ``search_length``.
            agreeing (Tensor, optional): Similarities of the same videos in another modality, shape
                ``(B, length)``. The smaller similarity of the two modalities then counts.
                Defaults to None.

        Returns:
            tuple[Tensor, Tensor]: Queue positions of the neighbours, the most similar first, and
            whether each is a real entry of another video; both of shape ``(B, num)``.
        """
        values = places = None
        for part in self._searched():
            similarity = self.similarity(targets, ids, part)
            if agreeing is not None:
                similarity = torch.minimum(similarity, agreeing[:, part])
            best, found = similarity.topk(min(num, similarity.shape[1]), dim=1)
            found += part.start
            if values is not None:
                best, found = torch.cat([values, best], 1), torch.cat([places, found], 1)
                best, order = best.topk(min(num, best.shape[1]), dim=1)
                found = found.gather(1, order)
            values, places = best, found
        return places, values > -torch.inf

    def _searched(self) -> list[slice]:
        """Blocks of the part of the queue to search until the next entries are enqueued."""
        blocks, start, rest = [], 0, self.search_length
        if rest < self.length:  # at random, but the same on each rank and after resuming
            start = int(np.random.default_rng(self.count).integers(self.length))
        while rest:
            stop = min(start + min(rest, BLOCK), self.length)
            blocks.append(slice(start, stop))
            start, rest = stop % self.length, rest - (stop - start)
        return blocks

    def compare(self, queries: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Dot products of queries with entries of the queue, differentiable in the queries.

        No tensor of shape ``(B, n, D)`` or ``(B, length)`` is made.

        Args:
            queries (Tensor): Queries of shape ``(B, D)``.
            places (Tensor): Queue positions of ``n`` entries for each query, shape ``(B, n)``.

        Returns:
            Tensor: Dot products of shape ``(B, n)``.
        """
        return _Products.apply(queries, self.features.to(queries.dtype), places)


class _Products(torch.autograd.Function):
    """Dot products of each query with the entries chosen for it."""

    @staticmethod
    def forward(ctx, queries, features, places):
        ctx.save_for_backward(features, places)
        rows = max(ELEMENTS // (places.shape[1] * features.shape[1]), 1)
        parts = zip(queries.split(rows), places.split(rows))
        return torch.cat([(features[at] @ query[:, :, None])[:, :, 0] for query, at in parts])

    @staticmethod
    def backward(ctx, gradient):
        features, places = ctx.saved_tensors
        # embedding_bag computes the weighted sum of the entries
        summed = F.embedding_bag(places, features, per_sample_weights=gradient, mode='sum')
        return summed, None, None
