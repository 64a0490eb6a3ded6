"""A progress bar for testing."""

from __future__ import annotations

import time

from mmaction.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from tqdm import tqdm

PAUSE = 30
"""Seconds between two lines of progress."""


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show the progress of a test: a bar with the remaining time, or a line now and then if the
    output is not a terminal."""

    priority = 'VERY_LOW'

    def before_test_epoch(self, runner) -> None:
        """Start the bar."""
        self.told = time.monotonic()
        disable = None if is_main_process() else True  # None: only on a terminal
        self.bar = tqdm(total=len(runner.test_dataloader), unit='batch', disable=disable)

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        """Move the bar, or print a line."""
        self.bar.update()
        if self.bar.disable and is_main_process() and time.monotonic() - self.told >= PAUSE:
            self.told = time.monotonic()
            done, total = batch_idx + 1, len(runner.test_dataloader)
            runner.logger.info(f'{done:,} of {total:,} batches tested')

    def after_test_epoch(self, runner, metrics=None) -> None:
        """End the bar."""
        self.bar.close()
