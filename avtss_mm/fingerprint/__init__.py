"""Finding the source of distorted, cut and re-timed copies of videos and sounds."""

from .benchmark import baselines, fingerprint_metric  # noqa: F401  (register)
