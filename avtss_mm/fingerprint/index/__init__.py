"""The chunks of indexed files on disk, and the search of their vectors."""

from ..choices import BACKENDS, LETTERS
from .index import FingerprintIndex

__all__ = ['BACKENDS', 'LETTERS', 'FingerprintIndex']
