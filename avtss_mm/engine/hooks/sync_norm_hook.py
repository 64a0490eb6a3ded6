"""Statistics of plain BatchNorm, made equal on all processes."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from torch.nn.modules.batchnorm import _BatchNorm


@HOOKS.register_module()
class SyncNormHook(Hook):
    """After each epoch, average the running statistics of BatchNorm over the processes.

    With plain BatchNorm each process has its own, and a checkpoint only those of the first: a
    resumed run would validate with others. mmengine's SyncBuffersHook averages all buffers, also
    queues and their ids.
    """

    def after_train_epoch(self, runner) -> None:
        """Average them, before the epoch is saved and validated."""
        norms = [m for m in runner.model.modules() if isinstance(m, _BatchNorm)]
        statistics = [s for m in norms for s in (m.running_mean, m.running_var) if s is not None]
        if get_world_size() > 1 and statistics:
            all_reduce_params(statistics, op='mean')
