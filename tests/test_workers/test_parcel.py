"""Values pass through the shared memory unchanged."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from avtss_mm.workers.parcel import MEMORY, pack, shared_memory, unpack


@pytest.fixture(scope='module')
def memory():
    return shared_memory()


@pytest.mark.parametrize(
    'tensor',
    [
        torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
        torch.arange(24.0)[::2],
        torch.zeros(3, 0),
        torch.tensor(5),
        torch.ones(2, 2, dtype=torch.bfloat16),
        torch.ones(1, 3).expand(2, 3),
    ],
)
def test_tensors(memory, tensor):
    rest, parts = pack(dict(a=[tensor]), memory)
    came = unpack(rest, parts, memory)['a'][0]
    assert came.dtype == tensor.dtype and torch.equal(came, tensor)


def test_the_next_one_does_not_change_what_came_before(memory):
    first = unpack(*pack(np.arange(10), memory), memory)
    unpack(*pack(np.zeros(10), memory), memory)
    np.testing.assert_array_equal(first, np.arange(10))
    first[0] = 7


def test_more_than_fits(memory):
    value = [np.arange(10), np.full(MEMORY, 3, np.uint8), np.arange(5.0), 'text']
    rest, parts = pack(value, memory)
    assert sum(isinstance(part, bytes) for part in parts) == 1
    for one, other in zip(unpack(rest, parts, memory), value):
        np.testing.assert_array_equal(one, other)
