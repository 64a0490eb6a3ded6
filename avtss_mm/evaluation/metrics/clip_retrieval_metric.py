"""Retrieval of clips by frozen features, within and across modalities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import METRICS

from ..functional import chance_of_recall, match_ranks
from .feature_metric import FeatureMetric, stack

WITHIN = dict(v2v=('video_feat', 'video_feat'), a2a=('audio_feat', 'audio_feat'))
ACROSS = dict(
    v2a=('video_embedding', 'audio_embedding'), a2v=('audio_embedding', 'video_embedding')
)


@METRICS.register_module()
class ClipRetrievalMetric(FeatureMetric):
    """Recall at k: does one of the k nearest clips match the query?

    Features are averaged over a file's clips and compared by cosine similarity.

    - ``v2v``, ``a2a``: queries search the gallery by backbone features; a clip of the same class
      matches. ``v2v`` with the test split as queries and the train split as gallery is the usual
      retrieval protocol (Xu et al., CVPR 2019, "Self-supervised spatiotemporal learning via video
      clip order prediction", section 4.3).
    - ``v2a``, ``a2v``: the same across modalities by the projections, which share one space:
      video finds audio of its class, and vice versa.
    - ``pair_v2a``, ``pair_a2v``: within the queries, video finds its own audio, and vice versa.

    Wrong clips that are exactly as similar as the first right one come before it, so collapsed
    features are not rewarded.

    Args:
        topk (Sequence[int]): Values of k. Defaults to (1, 5, 10, 20, 50).
        **kwargs: Arguments of :class:`FeatureMetric`.
    """

    default_prefix = 'retrieval'
    fields = ('video_feat', 'audio_feat', 'video_embedding', 'audio_embedding')

    def __init__(self, topk: Sequence[int] = (1, 5, 10, 20, 50), **kwargs) -> None:
        super().__init__(**kwargs)
        self.topk = tuple(topk)

    def compare(self, gallery: list[dict], queries: list[dict]) -> dict[str, float]:
        """Search.

        Returns:
            dict: ``<search>_R@<k>`` of each possible search, and its value for a random order,
            ``<search>_R@<k>_chance``.
        """
        metrics = {}
        for name, (query_field, gallery_field) in {**WITHIN, **ACROSS}.items():
            sides = *stack(queries, [query_field])[:2], *stack(gallery, [gallery_field])[:2]
            metrics.update(self._recall(name, *sides))
        pairs = [row for row in queries if all(field in row for field in ACROSS['v2a'])]
        own = np.arange(len(pairs))
        for name, fields in ACROSS.items():
            features, candidates = (stack(pairs, [field])[0] for field in fields)
            metrics.update(self._recall(f'pair_{name}', features, own, candidates, own))
        return metrics

    def _recall(self, name, queries, labels, gallery, gallery_labels) -> dict[str, float]:
        if not len(queries) or not len(gallery):
            return {}
        ranks = match_ranks(queries, labels, gallery, gallery_labels, max(self.topk))
        metrics = {}
        for k in self.topk:
            metrics[f'{name}_R@{k}'] = float((ranks <= k).mean())
            metrics[f'{name}_R@{k}_chance'] = chance_of_recall(labels, gallery_labels, k)
        return metrics
