"""Metrics on features and scores, registered in mmaction2's ``METRICS``."""

from .feature_cache import FeatureRecorder  # noqa: F401
from .metrics import *  # noqa: F401, F403
from .metrics import __all__ as __all__
