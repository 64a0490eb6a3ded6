"""Studies: a grid of configs x seeds, trained under one budget and measured alike."""

from .evaluations import MEASURES
from .plan import Run, Study, Variant, read_study
from .results import read_results

__all__ = ['MEASURES', 'Run', 'Study', 'Variant', 'read_results', 'read_study']
