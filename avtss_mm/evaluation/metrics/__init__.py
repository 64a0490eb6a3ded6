from .accuracy_metric import AccuracyMetric
from .clip_retrieval_metric import ClipRetrievalMetric
from .knn_metric import KNNMetric
from .linear_probe_metric import LinearProbeMetric
from .pretext_accuracy import PretextAccuracy

__all__ = [
    'AccuracyMetric',
    'ClipRetrievalMetric',
    'KNNMetric',
    'LinearProbeMetric',
    'PretextAccuracy',
]
