"""Chunks of indexed files on disk, and what searches their vectors."""

from ..choices import BACKENDS
from .index import LETTERS, FingerprintIndex

__all__ = ['BACKENDS', 'LETTERS', 'FingerprintIndex']
