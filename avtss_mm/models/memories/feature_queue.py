"""A first-in first-out memory of embeddings, searched for neighbours."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS

BLOCK = 65_536
"""Entries that are searched at once."""

ELEMENTS = 2**22
"""Numbers of chosen entries that are in memory at once."""


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
        search_length (int, optional): Entries among which neighbours are sought, another stretch of
            the queue at each step: what keeps a queue of a million usable. Ranks count among them.
            Defaults to None: all.
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
        self._count = 0  # num_enqueued without a device synchronisation; None: to be asked for

    @property
    @torch.compiler.disable  # a number that changes at each step
    def count(self) -> int:
        """How many entries have come in so far."""
        if self._count is None:
            self._count = self.num_enqueued.item()
        return self._count

    @property
    @torch.compiler.disable
    def is_full(self) -> bool:
        """Whether ``length`` entries have come in."""
        return self.count >= self.length

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._count = None  # ask the loaded counter again

    @torch.compiler.disable
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
        self._count = self.count + len(features)
        self.num_enqueued += len(features)

    @torch.no_grad()
    def similarity(
        self, targets: torch.Tensor, ids: torch.Tensor, part: slice = slice(None)
    ) -> torch.Tensor:
        """Compare each target with all entries that come from other videos.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.
            part (slice): Entries to compare with. Defaults to all.

        Returns:
            Tensor: Cosines of shape ``(B, length)``, ``-inf`` for entries of the own video and for
            those that are never a neighbour.
        """
        similarity = targets.to(self.features.dtype) @ self.features[part].T  # B, Q
        excluded = (self.ids[part] == ids[:, None]) | (self.ids[part] < 0)
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

        Time grows linearly with ``search_length``; memory does not grow beyond ``BLOCK`` entries.

        Args:
            targets (Tensor): Unit vectors of shape ``(B, D)``.
            ids (Tensor): Video ids of the targets, shape ``(B,)``.
            num (int): Number of neighbours, at most ``search_length``.
            agreeing (Tensor, optional): Similarities of the same videos in another modality, shape
                ``(B, length)``: an entry then is as similar as in the modality where it is less
                so. Defaults to None.

        Returns:
            tuple[Tensor, Tensor]: Places of the neighbours in the queue, the most similar first,
            and whether each is a real entry of another video; both of shape ``(B, num)``.
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

    @torch.compiler.disable
    def _searched(self) -> list[slice]:
        """Blocks of the stretch that is searched until the next entries come in."""
        blocks, start, rest = [], 0, self.search_length
        if rest < self.length:  # anywhere, yet the same on each rank and after a resume
            start = int(np.random.default_rng(self.count).integers(self.length))
        while rest:
            stop = min(start + min(rest, BLOCK), self.length)
            blocks.append(slice(start, stop))
            start, rest = stop % self.length, rest - (stop - start)
        return blocks

    def compare(self, queries: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        """Products of queries with entries of the queue, differentiable in the queries.

        Args:
            queries (Tensor): Shape ``(B, D)``.
            places (Tensor): Places of ``n`` entries for each query, shape ``(B, n)``.

        Returns:
            Tensor: Shape ``(B, n)``, without a tensor of shape ``(B, n, D)`` or ``(B, length)``.
        """
        return _Products.apply(queries, self.features.to(queries.dtype), places)


class _Products(torch.autograd.Function):
    """Each query times the entries that are chosen for it."""

    @staticmethod
    def forward(ctx, queries, features, places):
        ctx.save_for_backward(features, places)
        rows = max(ELEMENTS // (places.shape[1] * features.shape[1]), 1)
        parts = zip(queries.split(rows), places.split(rows))
        return torch.cat([(features[at] @ query[:, :, None])[:, :, 0] for query, at in parts])

    @staticmethod
    def backward(ctx, gradient):
        features, places = ctx.saved_tensors
        # The weighted sum of the entries, which is what this function computes
        summed = F.embedding_bag(places, features, per_sample_weights=gradient, mode='sum')
        return summed, None, None
