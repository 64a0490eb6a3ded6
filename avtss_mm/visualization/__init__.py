"""Pictures of data and of training."""

from .curves import draw_curves
from .sheets import describe_sample, draw_sample

__all__ = ['describe_sample', 'draw_curves', 'draw_sample']
