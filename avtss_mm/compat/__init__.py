"""Patches the released mmaction2 and mmengine when it is imported."""

from . import patches, removed

__all__ = ['patches', 'removed']
