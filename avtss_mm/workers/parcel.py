"""Hands samples from a process to the one that forked it, through memory that both see."""

from __future__ import annotations

import io
import mmap
import pickle
from contextlib import suppress

import numpy as np
import torch

MEMORY = 16 * 2**20
"""Bytes of the memory that both see: of it, only what a sample has needed is ever taken."""


def shared_memory() -> mmap.mmap:
    """Memory that a process sees together with those that it forks."""
    return mmap.mmap(-1, MEMORY)


def pack(value, memory: mmap.mmap) -> tuple[bytes, list[int | bytes]]:
    """Puts the arrays and tensors of a value into the memory, as far as they fit.

    Args:
        value: Anything that can be pickled.
        memory: What it holds is lost.

    Returns:
        tuple: What :func:`unpack` needs beside the memory.
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
    """The value that was packed, by a process that this one forked, with memory of its own."""
    buffers, begin = [], 0
    with memoryview(memory) as view:
        for part in parts:
            if isinstance(part, int):
                part, begin = view[begin : begin + part], begin + part
            buffers.append(bytearray(part))
    return pickle.loads(rest, buffers=buffers)  # nosec B301


class _Pickler(pickle.Pickler):
    """Tensors as arrays: multiprocessing would hand them over in files that both hold open."""

    def reducer_override(self, value):
        if type(value) is torch.Tensor:
            with suppress(TypeError, RuntimeError):  # nothing that numpy knows
                order = sorted(range(value.dim()), key=lambda d: -value.stride(d))
                lying = value.permute(order).numpy()  # as it lies in memory: copied at once
                return _to_tensor, (lying, np.argsort(order).tolist())
        return NotImplemented


def _to_tensor(array: np.ndarray, order: list[int]) -> torch.Tensor:
    return torch.from_numpy(array).permute(order)
