"""Measures of a run."""

from ..evaluations import MEASURES
from .groups import TrainedRun

__all__ = ['MEASURES', 'TrainedRun']
