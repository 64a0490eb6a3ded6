"""What the metrics that compare features of two sets have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..functional import join_modalities

FEATURES = dict(video=('video_feat',), audio=('audio_feat',), joint=('video_feat', 'audio_feat'))
"""Features that each name stands for; a sample without one of them is left out."""


class FeatureMetric(BaseMetric):
    """Collect features of gallery and queries in one test run, then compare them.

    Samples whose ``subset`` is ``'query'`` (tested) are compared with those whose ``subset`` is
    ``'gallery'`` (searched, or trained on): see :class:`GalleryQueryDataset`.
    Subclasses compute their figures in ``compare``.

    Args:
        collect_device (str): Where results of several ranks meet. Defaults to ``'cpu'``.
        prefix (str, optional): Defaults to None, which gives the metric's own.
    """

    fields = ('video_feat', 'audio_feat')

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep subset, label, group and features (float16) of each sample."""
        for sample in data_samples:
            result = dict(
                subset=sample['subset'],
                label=int(sample['gt_label']),
                group=str(sample.get('group') or sample.get('filename')),
            )
            for name in self.fields:
                if name in sample:
                    result[name] = sample[name].cpu().numpy().astype(np.float16)
            self.results.append(result)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Split what :meth:`process` kept, of all ranks, and compare the sides.

        Raises:
            ValueError: If gallery or queries are missing, or no sample has a feature.
        """
        gallery, queries = (
            [r for r in results if r['subset'] == side] for side in ('gallery', 'query')
        )
        if not gallery or not queries:
            raise ValueError(
                f"{type(self).__name__} needs samples with subset='gallery' and subset='query'; "
                f'got {len(gallery)} gallery, {len(queries)} query'
            )
        if not any(name in row for row in queries for name in self.fields):
            raise ValueError(
                f'{type(self).__name__} found none of {", ".join(self.fields)}: the model has no '
                'encoder for what the pipeline packs, or no query has sound'
            )
        return self.compare(gallery, queries)

    def compare(self, gallery: list[dict], queries: list[dict]) -> dict[str, float]:
        """Compute the figures from the rows of both sides."""
        raise NotImplementedError


def stack(rows: list[dict], fields: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features ``(N, D)``, labels ``(N,)`` and groups ``(N,)`` of the rows that have all fields.

    Several fields are joined with equal weight.
    """
    rows = [row for row in rows if all(name in row for name in fields)]
    if not rows:
        return np.empty((0, 1), np.float32), np.empty(0, int), np.empty(0, str)
    features = [np.stack([row[name] for row in rows]).astype(np.float32) for name in fields]
    features = features[0] if len(fields) == 1 else join_modalities(*features)
    labels, groups = (np.array([row[name] for row in rows]) for name in ('label', 'group'))
    return features, labels, groups


def stack_sides(gallery: list[dict], queries: list[dict], fields: Sequence[str]):
    """:func:`stack` of gallery and queries, or None where one of them has no such features."""
    sides = stack(gallery, fields), stack(queries, fields)
    return sides if all(len(features) for features, _, _ in sides) else None
