"""Counts and values shared by workers."""

from __future__ import annotations

import copy

import torch
from torch.utils.data import DataLoader, Dataset

from avtss_mm.datasets.shared_memory import SampleCounter, SharedTensor


class Counting(Dataset):
    """Counts as often as possible, so that an unsafe update would get lost."""

    def __init__(self) -> None:
        self.counter = SampleCounter()

    def __len__(self):
        return 8

    def __getitem__(self, index):
        for _ in range(2000):
            self.counter.add(served=1, skipped=2)
        return index


def test_no_count_of_concurrent_workers_is_lost():
    dataset = Counting()
    dataset[0]
    list(DataLoader(dataset, num_workers=2))
    assert dataset.counter['served'] == 9 * 2000 and dataset.counter['skipped'] == 9 * 4000
    assert dataset.counter['too_short'] == 0


def test_deep_copies_are_shared_but_their_own():
    first = SharedTensor(torch.tensor([1, 2]))
    second = copy.deepcopy(first)
    second.tensor[0] = 5
    assert second.tensor.is_shared() and first.tensor.tolist() == [1, 2]
