"""From chunks that look or sound alike to stretches that are copies of each other."""

from .hits import Hits
from .segments import Segment, find_segments

__all__ = ['Hits', 'Segment', 'find_segments']
