"""Memory that a data set shares with the workers of its loader."""

from __future__ import annotations

import torch
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
