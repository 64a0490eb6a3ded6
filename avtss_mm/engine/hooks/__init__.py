from .epoch_seed_hook import EpochSeedHook
from .pretrain_monitor_hook import PretrainMonitorHook

__all__ = ['EpochSeedHook', 'PretrainMonitorHook']
