"""Finding the source of distorted, cut and re-timed copies of videos and sounds."""

from . import baselines  # noqa: F401  (registers)
