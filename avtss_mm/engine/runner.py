"""The runner of a config, for training and testing."""

from __future__ import annotations

from mmaction.registry import RUNNERS
from mmengine.config import Config
from mmengine.runner import Runner

from .memory import keep_freed_memory


def build_runner(cfg: Config) -> Runner:
    """Build mmengine's runner, or the one named by the config's ``runner_type``."""
    keep_freed_memory()
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    # mmengine logs a line for each parameter without weight decay: hundreds
    runner.logger.addFilter(lambda record: 'paramwise_options' not in record.getMessage())
    return runner
