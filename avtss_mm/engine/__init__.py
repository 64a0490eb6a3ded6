"""Hooks, registered in mmaction2's ``HOOKS``, and the end and resumption of training."""

from .bfloat16 import BFloat16OptimWrapper
from .faults import TrainingStoppedError, explain, explained, how_to_go_on
from .hooks import (
    AVRuntimeInfoHook,
    DataWaitHook,
    DurableCheckpointHook,
    EpochSeedHook,
    FiniteLossHook,
    PretrainMonitorHook,
    ProgressBarHook,
    SyncNormHook,
    UnreadableFilesHook,
)
from .parameter_groups import MergedGroupsConstructor
from .resuming import find_last_checkpoint, is_complete

__all__ = [
    'AVRuntimeInfoHook',
    'BFloat16OptimWrapper',
    'DataWaitHook',
    'DurableCheckpointHook',
    'EpochSeedHook',
    'FiniteLossHook',
    'MergedGroupsConstructor',
    'PretrainMonitorHook',
    'ProgressBarHook',
    'SyncNormHook',
    'TrainingStoppedError',
    'UnreadableFilesHook',
    'explain',
    'explained',
    'find_last_checkpoint',
    'how_to_go_on',
    'is_complete',
]
