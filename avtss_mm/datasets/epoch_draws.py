"""Warns once if samples are drawn twice in an epoch, because both are identical."""

from __future__ import annotations

import logging

import torch
from mmengine.logging import print_log

from .shared_memory import SharedTensor

TOLERATED_SHARE = 0.01
"""Share of the samples that a sampler may repeat to give all ranks the same number."""

WARNING = (
    'samples are drawn a second time in epoch {}, with the same windows and crops. '
    "The training config needs default_hooks=dict(epoch_seed=dict(type='EpochSeedHook')) and a "
    'loop of epochs. Train for more epochs instead of using a RepeatDataset.'
)


class EpochDraws:
    """The samples of a data set that all workers of a loader have drawn in this epoch.

    Args:
        num_samples (int): Length of the data set.
    """

    def __init__(self, num_samples: int) -> None:
        self._flags = SharedTensor(torch.zeros(2, num_samples, dtype=torch.bool))  # once, again
        self._warned = SharedTensor(torch.zeros(1, dtype=torch.bool))

    def begin_epoch(self) -> None:
        """Forget all draws."""
        self._flags.tensor[:] = False

    def add(self, index: int, epoch: int) -> None:
        """Record a sample; warn once if more repeat than the rounding of a sampler explains."""
        once, again = self._flags.tensor
        if once[index] and not self._warned.tensor:
            again[index] = True
            if again.sum() > 1 + TOLERATED_SHARE * len(again):
                self._warned.tensor[:] = True
                print_log(WARNING.format(epoch), logger='current', level=logging.WARNING)
        once[index] = True
