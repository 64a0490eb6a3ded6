"""Says when training waits for its data."""

from __future__ import annotations

import logging
import os

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

STEPS = 100
"""Number of steps whose times are judged together."""

LARGEST_SHARE = 0.2
"""Share of the time from which on waiting is worth a word."""


@HOOKS.register_module()
class DataWaitHook(Hook):
    """Warn once when more than a fifth of the time of 100 steps is spent waiting for data.

    It reads ``data_time`` and ``time`` of mmengine's :class:`IterTimerHook`. Of several processes
    the one that waits longest counts, because the others wait for it. The first step after a start
    is left out: then the workers start.
    """

    priority = 'VERY_LOW'  # after the hook that takes the times

    def before_train(self, runner: Runner) -> None:
        """Start counting."""
        self.told = False
        self.start = runner.iter
        self.seconds = torch.zeros(2)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Add the times of the step; judge them after each 100 steps."""
        done = runner.iter - self.start
        if self.told or done == 0:
            return
        names = ('train/data_time', 'train/time')
        self.seconds += torch.tensor([runner.message_hub.get_scalar(n).current() for n in names])
        if done % STEPS:
            return
        waiting, total = self.seconds.tolist()
        share = torch.tensor(waiting / total)
        all_reduce(share, 'max')
        self.seconds.zero_()
        self.told = share.item() > LARGEST_SHARE
        if self.told:
            print_log(_advice(runner, share.item(), total / STEPS), 'current', logging.WARNING)


def _advice(runner: Runner, share: float, seconds: float) -> str:
    workers = runner.train_dataloader.num_workers
    return (
        f'{share:.0%} of the last {STEPS} steps ({seconds:.2g} s each) was spent waiting for data. '
        f'More data workers help as long as cores are free (train_dataloader.num_workers is '
        f'{workers} per process, this machine has {os.cpu_count()} cores), smaller files '
        '(tools/data/resize_videos.py) or, if several runs use the same samples, '
        'train_dataloader.dataset.cache_dir. What loading costs: docs/speed.md.'
    )
