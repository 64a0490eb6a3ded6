"""Makes the statistics of plain BatchNorm equal on all ranks."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from torch.nn.modules.batchnorm import _BatchNorm


@HOOKS.register_module()
class SyncNormHook(Hook):
    """Average the running statistics of BatchNorm over the ranks after each epoch.

    With plain BatchNorm each rank has its own statistics, and a checkpoint has only those of the
    first: a resumed run would validate with different ones. mmengine's SyncBuffersHook averages
    all buffers, also queues and their ids.
    """

    def after_train_epoch(self, runner) -> None:
        """Average the statistics before the epoch is saved and validated."""
        norms = [m for m in runner.model.modules() if isinstance(m, _BatchNorm)]
        statistics = [s for m in norms for s in (m.running_mean, m.running_var) if s is not None]
        if get_world_size() > 1 and statistics:
            all_reduce_params(statistics, op='mean')
