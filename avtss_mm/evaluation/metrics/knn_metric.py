"""k-NN classification of frozen features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..functional import join_modalities, knn_accuracy, majority_share


@METRICS.register_module()
class KNNMetric(BaseMetric):
    """Weighted k-NN accuracy of video, audio and joint features.

    Gallery and queries come from one test run: samples whose ``subset`` is ``'gallery'`` vote on
    those whose ``subset`` is ``'query'``. Samples without sound are left out of ``audio`` and
    ``joint``; ``audio_share`` says how many queries have sound.

    Args:
        k (int): Number of neighbours. Defaults to 20.
        temperature (float): Of the votes' weights. Defaults to 0.07.
        collect_device (str): Where results of several ranks meet. Defaults to ``'cpu'``.
        prefix (str, optional): Defaults to None, which gives ``knn/``.
    """

    default_prefix = 'knn'

    def __init__(
        self,
        k: int = 20,
        temperature: float = 0.07,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.k = k
        self.temperature = temperature

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep subset, label and features (float16) of each sample."""
        for sample in data_samples:
            result = dict(subset=sample['subset'], label=int(sample['gt_label']))
            for name in ('video', 'audio'):
                if f'{name}_feat' in sample:
                    result[name] = sample[f'{name}_feat'].cpu().numpy().astype(np.float16)
            self.results.append(result)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Classify the queries.

        Args:
            results (list[dict]): What :meth:`process` kept, of all ranks.

        Returns:
            dict: ``video_top1``, ``audio_top1``, ``joint_top1`` (those there are), ``chance``
            (share of the most frequent class among the queries) and ``audio_share``.

        Raises:
            ValueError: If gallery or queries are missing.
        """
        sides = {side: [r for r in results if r['subset'] == side] for side in ('gallery', 'query')}
        if not all(sides.values()):
            raise ValueError(
                "KNNMetric needs samples with subset='gallery' and subset='query'; got "
                + ', '.join(f'{len(rows)} {side}' for side, rows in sides.items())
            )
        metrics = {}
        for name, keys in dict(video=['video'], audio=['audio'], joint=['video', 'audio']).items():
            (gallery, gallery_labels), (queries, labels) = (
                _stack([r for r in rows if all(k in r for k in keys)], keys)
                for rows in sides.values()
            )
            if len(gallery) and len(queries):
                metrics[f'{name}_top1'] = knn_accuracy(
                    gallery, gallery_labels, queries, labels, self.k, self.temperature
                )
        metrics['chance'] = majority_share([r['label'] for r in sides['query']])
        metrics['audio_share'] = float(np.mean(['audio' in r for r in sides['query']]))
        return metrics


def _stack(rows: list[dict], keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    if not rows:
        return np.empty(0), np.empty(0)
    features = [np.stack([r[k] for r in rows]).astype(np.float32) for k in keys]
    features = features[0] if len(keys) == 1 else join_modalities(*features)
    return features, np.array([r['label'] for r in rows])
