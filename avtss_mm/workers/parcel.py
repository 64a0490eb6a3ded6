"""Passes samples from a forked process to its parent through shared memory."""

from __future__ import annotations

import io
import mmap
import pickle
from contextlib import suppress

import numpy as np
import torch

MEMORY = 16 * 2**20
"""Size of the shared memory in bytes. Only the pages that samples have filled take up RAM."""


def shared_memory() -> mmap.mmap:
    """Returns memory that a process shares with the processes that it forks."""
    return mmap.mmap(-1, MEMORY)


def pack(value, memory: mmap.mmap) -> tuple[bytes, list[int | bytes]]:
    """Copies the arrays and tensors of a value into shared memory, as far as they fit.

    Args:
        value: Value to pack; anything that can be pickled.
        memory: Shared memory; its contents are overwritten.

    Returns:
        tuple: Pickle of the value, and for each buffer its size in the memory or its bytes, as
        :func:`unpack` needs them.
    """
    file, buffers = io.BytesIO(), []
    _Pickler(file, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append).dump(value)
    memory.seek(0)
    parts: list[int | bytes] = []
    for buffer in buffers:
        with buffer.raw() as data:
            if memory.tell() + data.nbytes <= len(memory):
                memory.write(data)
                parts.append(data.nbytes)
            else:
                parts.append(bytes(data))
    return file.getvalue(), parts


def unpack(rest: bytes, parts: list[int | bytes], memory: mmap.mmap):
    """Returns a private copy of the value that a forked process has packed."""
    buffers, begin = [], 0
    with memoryview(memory) as view:
        for part in parts:
            if isinstance(part, int):
                part, begin = view[begin : begin + part], begin + part
            buffers.append(bytearray(part))
    return pickle.loads(rest, buffers=buffers)  # nosec B301


class _Pickler(pickle.Pickler):
    """Pickles tensors as arrays: multiprocessing would pass them in files that both keep open."""

    def reducer_override(self, value):
        if type(value) is torch.Tensor:
            with suppress(TypeError, RuntimeError):  # a type that numpy does not have
                order = sorted(range(value.dim()), key=lambda d: -value.stride(d))
                lying = value.permute(order).numpy()  # in the order of memory: one plain copy
                return _to_tensor, (lying, np.argsort(order).tolist())
        return NotImplemented


def _to_tensor(array: np.ndarray, order: list[int]) -> torch.Tensor:
    return torch.from_numpy(array).permute(order)
