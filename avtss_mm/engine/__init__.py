"""Hooks, registered in mmaction2's ``HOOKS``."""

from .hooks import EpochSeedHook, PretrainMonitorHook

__all__ = ['EpochSeedHook', 'PretrainMonitorHook']
