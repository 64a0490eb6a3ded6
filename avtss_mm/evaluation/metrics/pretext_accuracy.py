"""Accuracy of the temporal pretext tasks on held-out videos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..functional import majority_share


@METRICS.register_module()
class PretextAccuracy(BaseMetric):
    """Accuracy of the pretext heads on videos that they were not trained on.

    Needs a recognizer with ``test_cfg=dict(pretext=True)`` and a pipeline with ``SampleAVClips``.
    """

    default_prefix = 'pretext'

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep predictions and labels of each sample."""
        self.results += [sample['pretext'] for sample in data_samples]

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Compute the accuracies, ignoring labels of -1.

        Args:
            results (list[dict]): Prediction and label ``(K,)`` of each sample, by task.

        Returns:
            dict: ``<task>`` and ``<task>_chance`` (share of the most frequent label).
        """
        metrics = {}
        for name in results[0]:
            answers, labels = (
                np.concatenate([np.asarray(r[name][i]) for r in results]) for i in (0, 1)
            )
            labelled = labels >= 0
            if labelled.any():
                metrics[name] = float((answers == labels)[labelled].mean())
                metrics[f'{name}_chance'] = majority_share(labels[labelled])
        return metrics
