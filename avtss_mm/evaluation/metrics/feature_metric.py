"""The base of metrics that compare the features of two sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from ..functional import join_modalities

FEATURES = dict(video=('video_feat',), audio=('audio_feat',), joint=('video_feat', 'audio_feat'))
"""Fields of the features of each name; samples without one of them are skipped."""


class FeatureMetric(BaseMetric):
    """Collect features of gallery and queries in one test run, then compare them.

    Samples with the ``subset`` ``'query'`` (queries or test set) are compared with those with the
    ``subset`` ``'gallery'`` (search or training set): see :class:`GalleryQueryDataset`. Subclasses
    compute their figures in ``compare``.

    Args:
        collect_device (str): Device that collects the results of all ranks. Defaults to ``'cpu'``.
        prefix (str, optional): Prefix of the names of the figures. Defaults to None: the metric's
            own.
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
        """Split the results of all ranks into gallery and queries and compare them.

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
        """Compute the figures from the rows of gallery and queries."""
        raise NotImplementedError


def stack(rows: list[dict], fields: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stack features ``(N, D)``, labels ``(N,)`` and groups ``(N,)`` of rows with all fields.

    Several fields are concatenated with equal weights.
    """
    rows = [row for row in rows if all(name in row for name in fields)]
    if not rows:
        return np.empty((0, 1), np.float32), np.empty(0, int), np.empty(0, str)
    features = [np.stack([row[name] for row in rows]).astype(np.float32) for name in fields]
    features = features[0] if len(fields) == 1 else join_modalities(*features)
    labels, groups = (np.array([row[name] for row in rows]) for name in ('label', 'group'))
    return features, labels, groups


def stack_sides(gallery: list[dict], queries: list[dict], fields: Sequence[str]):
    """Run :func:`stack` on gallery and queries; None if either has no such features."""
    sides = stack(gallery, fields), stack(queries, fields)
    return sides if all(len(features) for features, _, _ in sides) else None
