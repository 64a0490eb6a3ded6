from .accuracy_metric import AccuracyMetric
from .clip_retrieval_metric import ClipRetrievalMetric
from .fingerprint_metric import FingerprintMetric
from .knn_metric import KNNMetric
from .linear_probe_metric import LinearProbeMetric
from .pretext_accuracy import PretextAccuracy

__all__ = [
    'AccuracyMetric',
    'ClipRetrievalMetric',
    'FingerprintMetric',
    'KNNMetric',
    'LinearProbeMetric',
    'PretextAccuracy',
]
