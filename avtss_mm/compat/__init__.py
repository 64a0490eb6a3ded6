"""Patches the released mmaction2 and mmengine when it is imported."""

from . import moved, patches, removed

__all__ = ['moved', 'patches', 'removed']
