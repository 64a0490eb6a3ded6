"""The model of a run without its distributed wrapper."""

from __future__ import annotations

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def bare_model(runner: Runner) -> torch.nn.Module:
    """Unwrap the model from DistributedDataParallel or the like."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
