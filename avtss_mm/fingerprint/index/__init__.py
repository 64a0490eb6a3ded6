"""Chunks of indexed files on disk, and what searches their vectors."""

from .index import BACKENDS, LETTERS, FingerprintIndex

__all__ = ['BACKENDS', 'LETTERS', 'FingerprintIndex']
