"""k-NN classification of frozen features."""

from __future__ import annotations

import numpy as np
from mmaction.registry import METRICS

from ..functional import knn_accuracy, majority_share
from .feature_metric import FEATURES, FeatureMetric, stack_sides


@METRICS.register_module()
class KNNMetric(FeatureMetric):
    """Weighted k-NN accuracy of video, audio and joint features.

    The gallery votes on the queries. ``audio`` and ``joint`` skip samples without sound;
    ``audio_share`` is the share of queries with sound.

    Args:
        k (int): Number of neighbours. Defaults to 20.
        temperature (float): Temperature of the votes' weights. Defaults to 0.07.
        **kwargs: Arguments of :class:`FeatureMetric`.
    """

    default_prefix = 'knn'

    def __init__(self, k: int = 20, temperature: float = 0.07, **kwargs) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.temperature = temperature

    def compare(self, gallery: list[dict], queries: list[dict]) -> dict[str, float]:
        """Classify the queries.

        Returns:
            dict: ``video_top1``, ``audio_top1``, ``joint_top1`` (as far as possible), ``chance``
            (share of the most frequent class among the queries) and, if there is sound,
            ``audio_share``.
        """
        metrics = {}
        for name, fields in FEATURES.items():
            sides = stack_sides(gallery, queries, fields)
            if sides is not None:
                features = [array for features, labels, _ in sides for array in (features, labels)]
                metrics[f'{name}_top1'] = knn_accuracy(*features, self.k, self.temperature)
        metrics['chance'] = majority_share([r['label'] for r in queries])
        if 'audio_top1' in metrics:
            metrics['audio_share'] = float(np.mean(['audio_feat' in r for r in queries]))
        return metrics
