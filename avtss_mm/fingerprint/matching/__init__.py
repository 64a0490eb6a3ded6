"""From chunks that look or sound alike to stretches that are copies of each other."""

from .segments import Hits, Segment, find_segments

__all__ = ['Hits', 'Segment', 'find_segments']
