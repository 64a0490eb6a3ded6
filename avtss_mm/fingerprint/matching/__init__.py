"""Finds segments that are copies of each other from similar chunks."""

from .hits import Hits
from .segments import Segment, find_segments

__all__ = ['Hits', 'Segment', 'find_segments']
