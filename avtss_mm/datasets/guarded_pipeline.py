"""Runs the transforms of a data set where a decoder that hangs or crashes does no harm."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import torch

from ..errors import MediaError
from ..utils.seeding import seeded
from ..workers.guarded_map import CONTEXT, GuardedWorker, WorkerError
from ..workers.parcel import pack, shared_memory, unpack

CAN_FORK = CONTEXT.get_start_method() == 'fork'


class Draw(NamedTuple):
    """What makes a sample, but for the transforms.

    Attributes:
        key: Seed, epoch, index, and number of the attempt.
        row: The row of the data set.
    """

    key: tuple[int, int, int, int]
    row: dict


class Loaded(NamedTuple):
    """What became of a draw.

    Attributes:
        sample: What the transforms made; None where the file cannot be read.
        error: Why it cannot be read.
        counts: What to count of the sample.
    """

    sample: dict | None = None
    error: MediaError | None = None
    counts: dict[str, bool] = {}  # noqa: RUF012


class PipelineError(Exception):
    """The traceback of an error, in the process where it was raised."""


def chosen_row(key: tuple[int, int, int, int], num_rows: int) -> int:
    """Number of the row of a draw: its index, or in further attempts a random one.

    It comes from a generator of its own, which leaves the transforms theirs.
    """
    return key[2] if key[3] == 0 else int(np.random.default_rng(key).integers(num_rows))


def load(pipeline: Callable[[dict], dict], draw: Draw) -> Loaded:
    """Run the transforms on a row, under the generators of its draw."""
    row = draw.row
    with seeded(*draw.key):
        try:
            sample = pipeline(row)
        except MediaError as error:
            return Loaded(error=error)
        finally:
            if 'reader' in row:
                row.pop('reader').close()
    # The transforms wrote their keys into the row.
    without_sound = not np.any(row.get('has_audio', row.get('file_has_audio', True)))
    too_short = bool(np.any(np.less(row.get('video_speed', 0), 0)))
    return Loaded(sample, counts=dict(without_sound=without_sound, too_short=too_short))


class GuardedPipeline:
    """:func:`load` in a process of its own, which is killed when it takes too long.

    The process is forked at the first sample and after each that it did not survive, once in each
    process that loads. Changes made inside the transforms after that are not seen there; another
    pipeline is. Copies begin without a process.

    Args:
        timeout (float): Seconds that a sample may take.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._worker = self._pipeline = self._owner = None

    def __reduce__(self) -> tuple:
        return type(self), (self.timeout,)

    def load(self, pipeline: Callable[[dict], dict], draw: Draw) -> Loaded:
        """As :func:`load`; a decoder that hangs or crashes is a :class:`MediaError` too."""
        if self._owner != os.getpid() or self._pipeline is not pipeline:
            self._serve = _Serve(pipeline)
            self._worker = GuardedWorker(self._serve)
            self._pipeline, self._owner = pipeline, os.getpid()
        answer = self._worker.ask(draw, self.timeout)
        if isinstance(answer, WorkerError):
            return Loaded(error=MediaError(draw.row['filename'], answer))
        result = unpack(*answer, self._serve.memory)
        if isinstance(result, Loaded):
            return result
        error, where = result
        raise error from PipelineError(where)

    def close(self) -> None:
        """End the process; the next sample starts another."""
        if self._owner == os.getpid():
            self._worker.kill()
            self._owner = None


class _Serve:
    """The other side: what :func:`load` returns or raises."""

    def __init__(self, pipeline: Callable[[dict], dict]) -> None:
        self.pipeline = pipeline
        self.memory = shared_memory()

    def __call__(self, draw: Draw) -> tuple:
        torch.set_num_threads(1)  # the threads of the process that was forked are not here
        cv2.setNumThreads(0)
        try:
            return pack(load(self.pipeline, draw), self.memory)
        except Exception as error:  # a mistake in the pipeline, no bad file
            where = '\n' + traceback.format_exc()
            if not _survives(error):
                error = RuntimeError(f'{type(error).__name__}: {error}')
            return pack((error, where), self.memory)


def _survives(error: Exception) -> bool:
    """Whether an error can be rebuilt in another process."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # nosec B301
        return isinstance(copy, Exception)
    except Exception:
        return False
