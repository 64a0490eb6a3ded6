"""Contrastive losses with sample-dependent positives and negatives."""

from __future__ import annotations

import logging
from functools import partial

import torch
from mmaction.registry import MODELS
from mmengine.logging import MessageHub, print_log
from mmengine.model import BaseModule

from ..losses.info_nce import ABSENT, masked_mean, multi_positive_info_nce
from ..memories import FeatureQueue
from .gather import GlobalBatch, gather_batch

PAIRS = {  # name: modality of the query, modality of the target
    'v2v': ('video', 'video'),
    'v2a': ('video', 'audio'),
    'a2v': ('audio', 'video'),
    'a2a': ('audio', 'audio'),
}


@MODELS.register_module()
class ContrastiveHead(BaseModule):
    r"""Contrastive losses among video clips and between video clips and their sound.

    For a query :math:`z_i` with target :math:`t_i` (the other window's clip for ``v2v`` and
    ``a2a``; the same window's other modality for ``v2a`` and ``a2v``)

    .. math::
        P_i = \{t_i\} \cup \{p \sim U(NN_{1..k}(t_i; Q))\}, \quad
        N_i = \{t_j\}_{j \ne i} \cup \{n \sim U(NN_{r_0..r_1}(t_i; Q))\}

    and the loss is :func:`~avtss_mm.models.losses.multi_positive_info_nce` of the similarities
    divided by ``temperature``. ``Q`` is the queue of the target's modality. "Sample-dependent
    positives and negatives sampled from the evolving feature space" come from the paper (AAAI
    2023, abstract); ranks, numbers and warm-up are our choice. Draws are independent (with
    replacement). All ranks make the same draws, and each uses those of its own queries.

    A clip without sound is neither query, target nor negative in a term that involves audio.
    :mod:`.peer_heads` has what other papers do with neighbours.

    Args:
        temperature (float): Temperature ``tau``. Lower values weight the hardest negatives more.
            Defaults to 0.1.
        num_positives (int): Number of neighbours drawn as further positives. Defaults to 1.
        positive_ranks (tuple[int, int]): First and last rank of the neighbours drawn as positives;
            rank 1 is the most similar entry. Defaults to (1, 5).
        num_negatives (int): Number of neighbours drawn as further negatives. Defaults to 1024.
        negative_ranks (tuple[int, int]): First and last rank of the neighbours drawn as negatives.
            Leave a margin: the entries right behind the positives are mostly of the same class.
            Defaults to (128, 4096), for a queue of 65,536.
        neighbor_start_epoch (int): Epoch (counted from 0) from which neighbours are used, once the
            queue is full: early neighbours are noise. Defaults to 5.
        loss_weight (dict): Weights of ``v2v``, ``v2a``, ``a2v`` and ``a2a``; a term of weight 0
            is not computed. Defaults to v2v 1, v2a 0.5, a2v 0.5, a2a 0.
        replace_target (bool): Until 0.3: makes a :class:`NearestNeighborContrastiveHead` of it.
        agreement (bool): Until 0.3: makes an :class:`AgreementContrastiveHead` of it.
        same_window (bool): Whether the query and the target of ``v2a`` and ``a2v`` come from the
            same window, which is how we read the paper's "temporally corresponding"; otherwise
            they come from different windows. Defaults to True.
        init_cfg (dict, optional): Initialisation config. Defaults to None.

    Raises:
        ValueError: If the ranks are not in order or a term is unknown.
    """

    def __init__(
        self,
        temperature: float = 0.1,
        num_positives: int = 1,
        positive_ranks: tuple[int, int] = (1, 5),
        num_negatives: int = 1024,
        negative_ranks: tuple[int, int] = (128, 4096),
        neighbor_start_epoch: int = 5,
        loss_weight: dict | None = None,
        replace_target: bool = False,
        agreement: bool = False,
        same_window: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if replace_target or agreement:
            self.__class__ = _class_of(replace_target, agreement)
        for first, last in (positive_ranks, negative_ranks):
            if not 1 <= first <= last:
                raise ValueError(f'ranks must be 1 <= first <= last, got {(first, last)}')
        self.temperature = temperature
        self.num_positives = num_positives
        self.positive_ranks = positive_ranks
        self.num_negatives = num_negatives
        self.negative_ranks = negative_ranks
        self.neighbor_start_epoch = neighbor_start_epoch
        self.same_window = same_window
        self.loss_weight = {**dict(v2v=1.0, v2a=0.5, a2v=0.5, a2a=0.0), **(loss_weight or {})}
        if set(self.loss_weight) != set(PAIRS):
            raise ValueError(
                f'loss_weight has the keys {list(PAIRS)}, got {list(self.loss_weight)}'
            )

    @property
    def largest_rank(self) -> int:
        """Largest rank of a neighbour that is used; 0 without neighbours."""
        ranks = [self.positive_ranks[1]] if self.num_positives else []
        ranks += [self.negative_ranks[1]] if self.num_negatives else []
        return max(ranks, default=0)

    @torch._disable_dynamo(recursive=False)  # it reads the message hub and fills the queues
    def loss(
        self,
        embeddings: dict[str, torch.Tensor],
        valid: dict[str, torch.Tensor],
        video_ids: torch.Tensor,
        queues: dict[str, FeatureQueue],
    ) -> dict[str, torch.Tensor]:
        """Compute all terms, then add the batch to the queues.

        Args:
            embeddings (dict): Unit vectors ``z`` by modality, shape ``(B, 2, D)``.
            valid (dict): Which clips exist (have sound), bool, shape ``(B, 2)``.
            video_ids (Tensor): Ids of the videos, shape ``(B,)``.
            queues (dict): Queue of each modality; empty for losses within the batch only. Queues
                of modalities without embeddings are ignored.

        Returns:
            dict: ``loss_<term>``, ``top1_<term>`` (share of queries whose target is their nearest
            in the batch; chance is 1 / batch) and ``chance_nce`` (loss of random features,
            ``log(1 + negatives)``).
        """
        queues = {name: queue for name, queue in queues.items() if name in embeddings}
        searched = queues if self._neighbors_begin(queues) else {}
        batch = gather_batch(embeddings, valid, video_ids, searched)

        results = {}
        for name, weight in self.loss_weight.items():
            if weight != 0:
                loss, top1 = self._term(*PAIRS[name], batch)
                results.update({f'loss_{name}': weight * loss, f'top1_{name}': top1})
        num_negatives = len(batch.all_ids) - 1 + (self.num_negatives if searched else 0)
        results['chance_nce'] = torch.tensor(1.0 + num_negatives).log()

        for name, queue in queues.items():
            there = batch.all_valid[name][:, 0]
            features = batch.all_z[name][:, 0].detach() * there[:, None]
            queue.enqueue(features, batch.all_ids.where(there, -1))
        return results

    def _neighbors_begin(self, queues: dict[str, FeatureQueue]) -> bool:
        epoch = MessageHub.get_current_instance().runtime_info.get('epoch', 0)
        begun = self.largest_rank > 0 and epoch >= self.neighbor_start_epoch
        return begun and all(queue.is_full for queue in queues.values())

    @torch._disable_dynamo(recursive=False)  # otherwise one graph per pair of modalities
    def _term(self, query: str, target: str, batch: GlobalBatch) -> tuple[torch.Tensor, ...]:
        """Mean loss over both windows, and the share of queries whose target is their nearest."""
        losses, hits, masks, nearest = [], [], [], None
        for window in (0, 1):
            other = window if self.same_window and query != target else 1 - window
            queries = batch.z[query][:, window]
            targets, valid = batch.all_z[target][:, other], batch.all_valid[target][:, other]
            if target in batch.queues:
                nearest = batch.queues[target], *self._neighbors(target, other, batch)
            loss, hit = self._query_losses(queries, targets, valid, batch, nearest)
            losses.append(loss)
            hits.append(hit)
            masks.append(batch.valid[query][:, window] & batch.valid[target][:, other])
        mask = torch.cat(masks)
        loss = masked_mean(torch.cat(losses), mask)
        top1 = (torch.cat(hits) & mask).sum() / mask.sum().clamp(min=1)
        return loss, top1.to(loss.dtype)

    def _query_losses(
        self,
        queries: torch.Tensor,  # B, D
        targets: torch.Tensor,  # G, D
        valid: torch.Tensor,  # G: which targets exist
        batch: GlobalBatch,
        nearest: tuple[FeatureQueue, torch.Tensor, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss ``l(z_i)`` of each query, and whether its target is the nearest, shape ``(B,)``."""
        logits = queries @ targets.T / self.temperature  # B, G
        is_own = batch.all_ids == batch.ids[:, None]  # a sampler that rounds up repeats videos
        negatives = logits.masked_fill(is_own | ~valid, ABSENT)
        positives = logits.gather(1, batch.own[:, None])  # B, 1
        mask = torch.ones_like(positives, dtype=torch.bool)
        hit = positives[:, 0] > negatives.amax(dim=1)

        if nearest is not None:
            draw = partial(self._draw, queries, batch, *nearest)
            if self.num_positives:
                drawn, found = draw(self.num_positives, self.positive_ranks)
                positives = torch.cat([positives, drawn], dim=1)
                mask = torch.cat([self._keeps_target(found), found], dim=1)
            if self.num_negatives:
                drawn, found = draw(self.num_negatives, self.negative_ranks)
                negatives = torch.cat([negatives, drawn.masked_fill(~found, ABSENT)], dim=1)
        return multi_positive_info_nce(positives, mask, negatives), hit

    def _neighbors(self, target: str, window: int, batch: GlobalBatch) -> tuple[torch.Tensor, ...]:
        """Queue positions of each target's neighbours, nearest first, and whether each exists.

        Both have shape ``(B, R)``.
        """
        z = batch.z[target][:, window].detach()
        return batch.queues[target].nearest(z, batch.ids, self.largest_rank)

    def _keeps_target(self, found: torch.Tensor) -> torch.Tensor:
        """Whether the target remains a positive beside the drawn ones, ``(B, P) -> (B, 1)``."""
        return torch.ones_like(found[:, :1])

    def _draw(
        self,
        queries: torch.Tensor,  # B, D
        batch: GlobalBatch,
        queue: FeatureQueue,
        places: torch.Tensor,  # B, R
        found: torch.Tensor,  # B, R
        num: int,
        ranks: tuple[int, int],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of ``num`` neighbours drawn per query, and whether each exists; ``(B, num)``."""
        size = (len(batch.all_ids), num)  # for the global batch: the same draws as on one rank
        drawn = torch.randint(ranks[0] - 1, ranks[1], size, device=places.device)[batch.own]
        logits = queue.compare(queries, places.gather(1, drawn)) / self.temperature
        return logits, found.gather(1, drawn)


def _class_of(replace_target: bool, agreement: bool) -> type[ContrastiveHead]:
    """Class of :mod:`.peer_heads` that does what two arguments of 0.1 asked for."""
    parts = 'Agreement' * bool(agreement) + 'NearestNeighbor' * bool(replace_target)
    print_log(
        'replace_target and agreement of ContrastiveHead are deprecated: use '
        'NearestNeighborContrastiveHead or AgreementContrastiveHead',
        logger='current',
        level=logging.WARNING,
    )
    return MODELS.get(f'mmaction.{parts}ContrastiveHead')
