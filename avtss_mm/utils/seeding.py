"""Random draws that depend only on a few integers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_generators(*key: int) -> None:
    """Seed the global generators of Python, numpy and torch (CPU) with ``key``.

    Args:
        key (int): Non-negative integers. Different keys give independent streams.
    """
    words = np.random.SeedSequence(key).generate_state(6)
    random.seed(words[:2].tobytes())
    np.random.seed(words[2:])
    # torch.manual_seed would also reset the devices, which a data set must not touch.
    torch.default_generator.manual_seed(int(words[0]))


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Run a block after :func:`seed_generators`, then restore the previous states."""
    states = random.getstate(), np.random.get_state(), torch.default_generator.get_state()
    seed_generators(*key)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.default_generator.set_state(states[2])
