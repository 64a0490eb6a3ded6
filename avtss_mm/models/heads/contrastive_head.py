"""The contrastive terms with sample-dependent positives and negatives."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS
from mmengine.dist import all_gather, get_rank
from mmengine.logging import MessageHub
from mmengine.model import BaseModule

from ..losses.info_nce import ABSENT, masked_mean, multi_positive_info_nce
from ..memories import FeatureQueue
from .gather import gather_with_grad

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
    positives and negatives sampled from the evolving feature space" are the paper's (AAAI 2023,
    abstract); ranks, numbers and warm-up are ours. Draws are independent (with replacement) and
    the same on every rank, each rank using those of its own queries.

    A clip without sound is neither query, target, nor negative in a term with sound.

    Args:
        temperature (float): ``tau``. Lower values weigh the hardest negatives more.
            Defaults to 0.1.
        num_positives (int): Neighbours drawn as further positives. 0: none. Defaults to 1.
        positive_ranks (tuple[int, int]): First and last rank they are drawn from; 1 is the most
            similar entry. Defaults to (1, 5).
        num_negatives (int): Neighbours drawn as further negatives. 0: none. Defaults to 1024.
        negative_ranks (tuple[int, int]): First and last rank they are drawn from. The entries
            right behind the positives are mostly of the same class: leave a margin.
            Defaults to (128, 4096), for a queue of 65,536.
        neighbor_start_epoch (int): Neighbour terms begin in this epoch (counted from 0), and not
            before the queue is full: early neighbours are noise. Defaults to 5.
        loss_weight (dict): Weights of ``v2v``, ``v2a``, ``a2v`` and ``a2a``; a term of weight 0
            is not computed. Defaults to v2v 1, v2a 0.5, a2v 0.5, a2a 0.
        replace_target (bool): Whether the drawn positives take the target's place instead of
            joining it (NNCLR). The target stays where no neighbour is found. Defaults to False.
        agreement (bool): Whether neighbours are ranked by the smaller of their similarities to the
            target in picture and in sound (AVID-CMA), so that they are alike in both; where the
            target's video has no sound there, none is found. Needs both modalities.
            Defaults to False.
        same_window (bool): Whether a clip and its sound are of one window in ``v2a`` and ``a2v``,
            which is how we read the paper's "temporally corresponding"; else the target is of the
            other window. Defaults to True.
        init_cfg (dict, optional): Initialisation. Defaults to None.

    Raises:
        ValueError: If ranks are not ordered or a term is unknown.
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
        for first, last in (positive_ranks, negative_ranks):
            if not 1 <= first <= last:
                raise ValueError(f'ranks must be 1 <= first <= last, got {(first, last)}')
        self.temperature = temperature
        self.num_positives = num_positives
        self.positive_ranks = positive_ranks
        self.num_negatives = num_negatives
        self.negative_ranks = negative_ranks
        self.neighbor_start_epoch = neighbor_start_epoch
        self.replace_target = replace_target
        self.agreement = agreement
        self.same_window = same_window
        self.loss_weight = dict(v2v=1.0, v2a=0.5, a2v=0.5, a2a=0.0)
        self.loss_weight.update(loss_weight or {})
        if set(self.loss_weight) != set(PAIRS):
            raise ValueError(f'loss_weight knows {list(PAIRS)}, got {list(self.loss_weight)}')

    @property
    def largest_rank(self) -> int:
        """The farthest neighbour that is looked at; 0 without neighbour terms."""
        ranks = [self.positive_ranks[1]] if self.num_positives else []
        ranks += [self.negative_ranks[1]] if self.num_negatives else []
        return max(ranks, default=0)

    @torch.compiler.disable(recursive=False)  # it asks the message hub and fills the queues
    def loss(
        self,
        embeddings: dict[str, torch.Tensor],
        valid: dict[str, torch.Tensor],
        video_ids: torch.Tensor,
        queues: dict[str, FeatureQueue],
    ) -> dict[str, torch.Tensor]:
        """Compute all terms, then put the batch into the queues.

        Args:
            embeddings (dict): Unit vectors ``z`` by modality, shape ``(B, 2, D)``.
            valid (dict): Which clips exist (have sound), bool, shape ``(B, 2)``.
            video_ids (Tensor): Ids of the videos, shape ``(B,)``.
            queues (dict): The queue of each modality; empty for losses within the batch only. One
                of a modality that is not embedded is left alone.

        Returns:
            dict: ``loss_<term>``, ``top1_<term>`` (share of queries nearer to their target than to
            all others of the batch, chance 1 / batch) and ``chance_nce`` (the loss of random
            features, ``log(1 + negatives)``).
        """
        all_targets = {name: gather_with_grad(z) for name, z in embeddings.items()}  # G, 2, D
        all_valid = {name: torch.cat(all_gather(mask)) for name, mask in valid.items()}
        all_ids = torch.cat(all_gather(video_ids))
        queues = {name: queues[name] for name in embeddings if name in queues}
        begun = self._neighbors_begun() and all(queue.is_full for queue in queues.values())
        searched = queues if begun else {}

        results = {}
        for name, (query, target) in PAIRS.items():
            if self.loss_weight[name] == 0:
                continue
            losses, hits, masks = [], [], []
            for window in (0, 1):
                other = window if self.same_window and query != target else 1 - window
                mask = valid[query][:, window] & valid[target][:, other]
                agreeing = None
                if self.agreement and searched:
                    twin = 'audio' if target == 'video' else 'video'
                    z = embeddings[twin][:, other].detach()
                    agreeing = searched[twin].similarity(z, video_ids)
                    agreeing = agreeing.masked_fill(~valid[twin][:, other, None], -torch.inf)
                loss, hit = self._pair_loss(
                    embeddings[query][:, window],
                    all_targets[target][:, other],
                    all_valid[target][:, other],
                    all_ids,
                    video_ids,
                    searched.get(target),
                    agreeing,
                )
                losses.append(loss)
                hits.append(hit)
                masks.append(mask)
            mask = torch.cat(masks)
            results[f'loss_{name}'] = self.loss_weight[name] * masked_mean(torch.cat(losses), mask)
            top1 = (torch.cat(hits) & mask).sum() / mask.sum().clamp(min=1)
            results[f'top1_{name}'] = top1.to(results[f'loss_{name}'].dtype)

        num_negatives = len(all_ids) - 1 + (self.num_negatives if searched else 0)
        results['chance_nce'] = torch.tensor(1.0 + num_negatives).log()
        for name, queue in queues.items():
            there = all_valid[name][:, 0]
            features = all_targets[name][:, 0].detach() * there[:, None]
            queue.enqueue(features, all_ids.where(there, -1))
        return results

    def _neighbors_begun(self) -> bool:
        epoch = MessageHub.get_current_instance().runtime_info.get('epoch', 0)
        return self.largest_rank > 0 and epoch >= self.neighbor_start_epoch

    def _pair_loss(
        self,
        queries: torch.Tensor,  # B, D
        targets: torch.Tensor,  # G, D: of all ranks, this rank's among them
        targets_valid: torch.Tensor,  # G
        all_ids: torch.Tensor,  # G
        video_ids: torch.Tensor,  # B
        queue: FeatureQueue | None,
        agreeing: torch.Tensor | None = None,  # B, Q
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Loss of each query, and whether its target is nearer than all others of the batch."""
        own = torch.arange(len(queries), device=queries.device) + get_rank() * len(queries)
        logits = queries @ targets.T / self.temperature  # B, G
        is_own = all_ids == video_ids[:, None]  # a sampler that rounds up repeats videos
        negatives = logits.masked_fill(is_own | ~targets_valid, ABSENT)
        positives = logits.gather(1, own[:, None])  # B, 1
        mask = torch.ones_like(positives, dtype=torch.bool)
        hit = positives[:, 0] > negatives.amax(dim=1)

        if queue is not None:
            places, found = queue.nearest(
                targets[own].detach(), video_ids, self.largest_rank, agreeing
            )
            if self.num_positives:
                ranks = self._draw(self.positive_ranks, self.num_positives, len(targets), own)
                drawn = queue.compare(queries, places.gather(1, ranks)) / self.temperature
                positives = torch.cat([positives, drawn], dim=1)
                there = found.gather(1, ranks)
                if self.replace_target:
                    mask = ~there.any(dim=1, keepdim=True)
                mask = torch.cat([mask, there], dim=1)
            if self.num_negatives:
                ranks = self._draw(self.negative_ranks, self.num_negatives, len(targets), own)
                drawn = queue.compare(queries, places.gather(1, ranks)) / self.temperature
                drawn = drawn.masked_fill(~found.gather(1, ranks), ABSENT)
                negatives = torch.cat([negatives, drawn], dim=1)
        return multi_positive_info_nce(positives, mask, negatives), hit

    @staticmethod
    def _draw(ranks: tuple[int, int], num: int, batch_size: int, own: torch.Tensor) -> torch.Tensor:
        """Draw ``num`` ranks (from 0) for each query of this rank, shape ``(B, num)``."""
        first, last = ranks
        drawn = torch.randint(first - 1, last, (batch_size, num), device=own.device)
        return drawn[own]  # drawn for the global batch: what one rank would have drawn
