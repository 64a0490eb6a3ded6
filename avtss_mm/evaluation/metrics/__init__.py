from .knn_metric import KNNMetric
from .pretext_accuracy import PretextAccuracy

__all__ = ['KNNMetric', 'PretextAccuracy']
