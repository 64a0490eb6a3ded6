"""Samples that are drawn twice in an epoch are the same: said once."""

from __future__ import annotations

import logging

import torch
from mmengine.logging import print_log

from .shared_memory import SharedTensor

SOME = 0.01
"""Share of the samples that a sampler may repeat to give each process as many."""

WARNING = (
    'samples are drawn a second time in epoch {}: they are the same windows and crops again. '
    "The training config needs default_hooks=dict(epoch_seed=dict(type='EpochSeedHook')) and a "
    'loop of epochs; more epochs serve better than a RepeatDataset.'
)


class EpochDraws:
    """Which samples of a data set were drawn in this epoch, over all workers of a loader.

    Args:
        num_samples (int): Length of the data set.
    """

    def __init__(self, num_samples: int) -> None:
        self._flags = SharedTensor(torch.zeros(2, num_samples, dtype=torch.bool))  # once, again
        self._warned = SharedTensor(torch.zeros(1, dtype=torch.bool))

    def begin_epoch(self) -> None:
        """Forget what was drawn."""
        self._flags.tensor[:] = False

    def add(self, index: int, epoch: int) -> None:
        """Note a sample; warn once when more come again than a sampler's rounding explains."""
        once, again = self._flags.tensor
        if once[index] and not self._warned.tensor:
            again[index] = True
            if again.sum() > 1 + SOME * len(again):
                self._warned.tensor[:] = True
                print_log(WARNING.format(epoch), logger='current', level=logging.WARNING)
        once[index] = True
