"""Passes samples from process to process through shared memory."""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch.utils.data import get_worker_info

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


def tensors_of(sample) -> Iterator[torch.Tensor]:
    """Yield all tensors of a sample or batch that are not passed by value."""
    if isinstance(sample, torch.Tensor):
        yield sample
        return
    if isinstance(sample, (dict, BaseDataElement)):
        sample = list(sample.values())
    if isinstance(sample, (list, tuple)) and not isinstance(sample, ByValue):
        for part in sample:
            yield from tensors_of(part)


def hand_over(batch) -> None:
    """Move the tensors of a batch from a worker to shared memory, where the loader takes them.

    The loader would do so itself, but in a thread that fails silently, and then wait for ever.

    Raises:
        RuntimeError: If shared memory is full.
    """
    if get_worker_info() is not None:
        for tensor in tensors_of(batch):
            tensor.share_memory_()


class ByValue(list):
    """A list that multiprocessing passes as bytes, with the tensors inside its elements.

    By itself it would pass each tensor in a file. The list arrives as a plain one.
    """

    def __reduce__(self) -> tuple:
        file = io.BytesIO()
        _Pickler(file, pickle.HIGHEST_PROTOCOL).dump(list(self))
        return pickle.loads, (file.getvalue(),)


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
