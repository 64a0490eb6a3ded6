"""Hooks, registered in mmaction2's ``HOOKS``."""

from .hooks import EpochSeedHook, PretrainMonitorHook, ProgressBarHook

__all__ = ['EpochSeedHook', 'PretrainMonitorHook', 'ProgressBarHook']
