"""Memory that a data set shares with the workers of its loader."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmengine.structures import BaseDataElement
from torch.utils.data import get_worker_info

_ROWS = 256


class SharedTensor:
    """A tensor in shared memory: the main process and running workers see the same value.

    Args:
        tensor (torch.Tensor): Initial value, on the CPU.
    """

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor.share_memory_()

    def __deepcopy__(self, memo: dict) -> SharedTensor:
        # The deep copy of a tensor is not shared, and mmengine's runner copies data sets.
        return type(self)(self.tensor.clone())


class SampleCounter(SharedTensor):
    """Counts the samples served by all workers of a loader.

    Each worker writes its own row, so that no count is lost without a lock; reading sums the rows.

    Args:
        counts (torch.Tensor, optional): Initial counts. Defaults to None: zeros.
    """

    names = ('served', 'skipped', 'without_sound', 'too_short')

    def __init__(self, counts: torch.Tensor | None = None) -> None:
        zeros = torch.zeros(_ROWS, len(self.names), dtype=torch.int64)
        super().__init__(zeros if counts is None else counts)

    def add(self, **counts: int) -> None:
        """Add to the named counts, e.g. ``add(served=1, without_sound=1)``."""
        worker = get_worker_info()
        row = self.tensor[0 if worker is None else 1 + worker.id % (_ROWS - 1)]
        for name, count in counts.items():
            row[self.names.index(name)] += int(count)

    def __getitem__(self, name: str) -> int:
        """Total of the named count so far."""
        return int(self.tensor[:, self.names.index(name)].sum())


def tensors_of(sample) -> Iterator[torch.Tensor]:
    """Yield all tensors of a sample."""
    if isinstance(sample, torch.Tensor):
        yield sample
        return
    if isinstance(sample, (dict, BaseDataElement)):
        sample = list(sample.values())
    if isinstance(sample, (list, tuple)):
        for part in sample:
            yield from tensors_of(part)


def hand_over(sample) -> None:
    """Move the tensors of a sample from a worker to shared memory, where the loader takes them.

    The loader would do so itself, but in a thread that fails silently, and then wait for ever.

    Raises:
        RuntimeError: If shared memory is full.
    """
    if get_worker_info() is not None:
        for tensor in tensors_of(sample):
            tensor.share_memory_()
