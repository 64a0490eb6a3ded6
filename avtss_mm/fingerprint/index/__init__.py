"""The chunks of indexed files on disk, and the search of their vectors."""

from ..choices import BACKENDS
from .index import LETTERS, FingerprintIndex

__all__ = ['BACKENDS', 'LETTERS', 'FingerprintIndex']
