"""Figures of samples and of training curves."""

from .curves import draw_curves, draw_curves_of_runs
from .sheets import describe_sample, draw_sample

__all__ = ['describe_sample', 'draw_curves', 'draw_curves_of_runs', 'draw_sample']
