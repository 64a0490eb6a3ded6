"""SyncBatchNorm without waits of the host."""

from __future__ import annotations

import torch
from torch import nn


class NeverEmptySyncBatchNorm(nn.SyncBatchNorm):
    """torch's layer for training in which every rank has samples. Its numbers are the same.

    torch leaves out ranks without samples by a mask, for whose size the host waits for the GPU
    three times a layer. It does without the mask while a CUDA graph is captured.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise ``x`` ``(N, C, ...)`` by the statistics of all ranks."""
        if torch.compiler.is_compiling():
            return super().forward(x)
        capturing = torch.cuda.is_current_stream_capturing
        torch.cuda.is_current_stream_capturing = lambda: True
        try:
            return super().forward(x)
        finally:
            torch.cuda.is_current_stream_capturing = capturing


def spare_waits(model: nn.Module) -> nn.Module:
    """Turn torch's layers of a model into :class:`NeverEmptySyncBatchNorm`; return the model."""
    for module in model.modules():
        if type(module) is nn.SyncBatchNorm:
            module.__class__ = NeverEmptySyncBatchNorm
    return model
