"""Random draws that are a function of a few integers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_generators(*key: int) -> None:
    """Seed the global generators of python, numpy and torch (CPU) from ``key``.

    Args:
        key (int): Non-negative integers. Keys that differ in one give independent streams.
    """
    words = np.random.SeedSequence(key).generate_state(6)
    random.seed(words[:2].tobytes())
    np.random.seed(words[2:])
    # torch.manual_seed would also reset the devices, which a data set must leave alone.
    torch.default_generator.manual_seed(int(words[0]))


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Run a block under :func:`seed_generators` and restore the former states after it."""
    states = random.getstate(), np.random.get_state(), torch.default_generator.get_state()
    seed_generators(*key)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.default_generator.set_state(states[2])
