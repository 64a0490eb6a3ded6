"""Logs the losses of a step without a wait for each of them."""

from __future__ import annotations

import torch
from mmaction.registry import HOOKS
from mmengine.hooks import RuntimeInfoHook
from mmengine.runner import Runner


@HOOKS.register_module()
class AVRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's hook, which reads losses and measures from the GPU in one piece.

    mmengine reads them one by one, and the host waits for each.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Log the outputs of the step."""
        loss = (outputs or {}).get('loss')
        if isinstance(loss, torch.Tensor):
            on_device = {
                name: value.detach().reshape(())
                for name, value in outputs.items()
                if isinstance(value, torch.Tensor) and value.device == loss.device
            }
            numbers = torch.stack(list(on_device.values())).cpu().tolist()
            outputs = {**outputs, **dict(zip(on_device, numbers))}
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
