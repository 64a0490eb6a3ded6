"""A bar while a model is tested."""

from __future__ import annotations

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show how far a test is, with the time that is left, where the output is a terminal."""

    priority = 'VERY_LOW'

    def before_test_epoch(self, runner) -> None:
        """Begin the bar."""
        disable = None if is_main_process() else True  # None: unless it is a terminal
        self.bar = tqdm(total=len(runner.test_dataloader), unit='batch', disable=disable)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Move the bar."""
        self.bar.update()

    def after_test_epoch(self, runner, metrics=None) -> None:
        """End the bar."""
        self.bar.close()
