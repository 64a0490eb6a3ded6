"""Random draws that depend only on a key."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from avtss_mm.utils.seeding import seed_generators, seeded


def draw() -> tuple:
    return random.random(), np.random.rand(), torch.rand(1).item()


def draw_under(*key) -> tuple:
    with seeded(*key):
        return draw()


def test_key_decides_all_three_generators():
    assert draw_under(1, 2, 3) == draw_under(1, 2, 3)
    for key in ((1, 2, 4), (1, 3, 3), (0, 2, 3), (1, 2)):
        assert all(one != two for one, two in zip(draw_under(1, 2, 3), draw_under(*key)))
    seed_generators(1, 2, 3)
    assert draw() == draw_under(1, 2, 3)


def test_neighbouring_keys_are_independent():
    draws = np.array([draw_under(0, 0, index) for index in range(500)])  # (500, 3)
    assert np.abs(np.corrcoef(draws[:-1].T, draws[1:].T) - np.eye(6)).max() < 0.2
    assert np.abs(draws.mean(axis=0) - 0.5).max() < 0.05


def test_former_states_come_back_also_after_an_error():
    seed_generators(7)
    expected = draw(), draw()
    seed_generators(7)
    first = draw()
    with pytest.raises(KeyError), seeded(1):
        draw()
        raise KeyError
    assert (first, draw()) == expected
