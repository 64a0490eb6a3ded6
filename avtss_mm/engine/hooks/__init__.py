from .epoch_seed_hook import EpochSeedHook
from .pretrain_monitor_hook import PretrainMonitorHook
from .progress_bar_hook import ProgressBarHook

__all__ = ['EpochSeedHook', 'PretrainMonitorHook', 'ProgressBarHook']
