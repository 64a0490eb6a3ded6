"""Studies: a grid of configs x seeds, trained with equal budgets and measured equally."""

from .evaluations import MEASURES
from .plan import Run, Study, Variant, read_study
from .results import read_results

__all__ = ['MEASURES', 'Run', 'Study', 'Variant', 'read_results', 'read_study']
