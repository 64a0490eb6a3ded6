from .data_wait_hook import DataWaitHook
from .durable_checkpoint_hook import DurableCheckpointHook
from .epoch_seed_hook import EpochSeedHook
from .finite_loss_hook import FiniteLossHook
from .pretrain_monitor_hook import PretrainMonitorHook
from .progress_bar_hook import ProgressBarHook
from .runtime_info_hook import AVRuntimeInfoHook
from .sync_norm_hook import SyncNormHook
from .unreadable_files_hook import UnreadableFilesHook

__all__ = [
    'AVRuntimeInfoHook',
    'DataWaitHook',
    'DurableCheckpointHook',
    'EpochSeedHook',
    'FiniteLossHook',
    'PretrainMonitorHook',
    'ProgressBarHook',
    'SyncNormHook',
    'UnreadableFilesHook',
]
