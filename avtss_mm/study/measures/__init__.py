"""What is measured of a run."""

from .groups import MEASURES, TrainedRun

__all__ = ['MEASURES', 'TrainedRun']
