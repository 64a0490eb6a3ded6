"""A bar while a model is tested."""

from __future__ import annotations

import time

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm

PAUSE = 30
"""Seconds between two lines."""


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show how far a test is: a bar with the time that is left, or a line from time to time where
    the output is no terminal."""

    priority = 'VERY_LOW'

    def before_test_epoch(self, runner) -> None:
        """Begin the bar."""
        self.told = time.monotonic()
        disable = None if is_main_process() else True  # None: unless it is a terminal
        self.bar = tqdm(total=len(runner.test_dataloader), unit='batch', disable=disable)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Move the bar, or tell."""
        self.bar.update()
        if self.bar.disable and is_main_process() and time.monotonic() - self.told >= PAUSE:
            self.told = time.monotonic()
            done, total = batch_idx + 1, len(runner.test_dataloader)
            runner.logger.info(f'{done:,} of {total:,} batches tested')

    def after_test_epoch(self, runner, metrics=None) -> None:
        """End the bar."""
        self.bar.close()
