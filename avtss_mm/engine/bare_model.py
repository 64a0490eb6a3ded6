"""The model of a run, without what distributes it."""

from __future__ import annotations

import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def bare_model(runner: Runner) -> torch.nn.Module:
    """The model itself, where DistributedDataParallel or the like is around it."""
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
