"""Metrics on features, registered in mmaction2's ``METRICS``."""

from .metrics import KNNMetric, PretextAccuracy

__all__ = ['KNNMetric', 'PretextAccuracy']
