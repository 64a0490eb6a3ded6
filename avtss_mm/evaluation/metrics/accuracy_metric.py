"""mmaction2's accuracy with its chance level."""

from __future__ import annotations

from mmaction.evaluation import AccMetric
from mmaction.registry import METRICS

from ..functional import majority_share


@METRICS.register_module()
class AccuracyMetric(AccMetric):
    """Top-1, top-5 and mean class accuracy of mmaction2's ``AccMetric``, with ``chance``.

    ``chance`` is the share of the most frequent class. With fewer than six classes there is no
    top-5, which would say nothing. The arguments are those of ``AccMetric``.
    """

    def calculate(self, preds: list, labels: list) -> dict[str, float]:
        """Compute the figures.

        Args:
            preds (list[ndarray]): Scores ``(num_classes,)`` of each sample.
            labels (list[int]): Labels of the samples.
        """
        metrics = {name: float(v) for name, v in super().calculate(preds, labels).items()}
        if len(preds[0]) <= 5:
            metrics.pop('top5', None)
        return {**metrics, 'chance': majority_share(labels)}
