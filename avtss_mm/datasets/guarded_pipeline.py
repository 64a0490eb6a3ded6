"""Runs the transforms of a data set in a process that may hang or crash without harm."""

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
from ..workers.memory import can_limit_memory, lacks_memory, limit_memory
from ..workers.parcel import pack, shared_memory, unpack

CAN_FORK = CONTEXT.get_start_method() == 'fork'


class Draw(NamedTuple):
    """Everything that determines a sample, except the transforms.

    Attributes:
        key: Seed, epoch, index, and number of the attempt.
        row: Row of the data set.
    """

    key: tuple[int, int, int, int]
    row: dict


class Loaded(NamedTuple):
    """Result of a draw.

    Attributes:
        sample: Output of the transforms; None if the file is unreadable.
        error: Error that says why the file is unreadable.
        counts: Properties of the sample to count.
    """

    sample: dict | None = None
    error: MediaError | None = None
    counts: dict[str, bool] = {}  # noqa: RUF012


class PipelineError(Exception):
    """Traceback of an error in the process where it was raised."""


def chosen_row(key: tuple[int, int, int, int], num_rows: int) -> int:
    """Number of the row of a draw: its index, or a random one in later attempts.

    It is drawn from a separate generator, so that the transforms' draws do not change.
    """
    return key[2] if key[3] == 0 else int(np.random.default_rng(key).integers(num_rows))


def load(pipeline: Callable[[dict], dict], draw: Draw) -> Loaded:
    """Run the transforms on a row, with generators seeded for its draw."""
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
    """Runs :func:`load` in its own process, which is killed if it takes too long.

    Each process that loads forks one such process, at the first sample and after each crash. It
    does not see later changes inside the transforms, but a new pipeline starts a new process.
    Copies start without a process.

    Args:
        timeout (float): Time limit of a sample in seconds.
        max_memory_gb (float, optional): Memory in GB that the process may take; a file that needs
            more is unreadable. Linux only. Defaults to None: no limit.
    """

    def __init__(self, timeout: float, max_memory_gb: float | None = None) -> None:
        self.timeout = timeout
        self.max_memory_gb = max_memory_gb
        self._worker = self._pipeline = self._owner = None

    def __reduce__(self) -> tuple:
        return type(self), (self.timeout, self.max_memory_gb)

    def load(self, pipeline: Callable[[dict], dict], draw: Draw) -> Loaded:
        """Run :func:`load`; a decoder that hangs or crashes also gives a :class:`MediaError`."""
        if self._owner != os.getpid() or self._pipeline is not pipeline:
            self._serve = _Serve(pipeline, self.max_memory_gb)
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
        """End the process; the next sample starts a new one."""
        if self._owner == os.getpid():
            self._worker.kill()
            self._owner = None


def guard(timeout: float | None, max_memory_gb: float | None) -> GuardedPipeline | None:
    """Make a guarded pipeline; None without a time limit, and on systems that cannot fork.

    Raises:
        ValueError: If the limit of the memory is not positive, or cannot be kept.
    """
    can_guard = bool(timeout) and CAN_FORK
    if max_memory_gb is not None and not (can_guard and can_limit_memory() and max_memory_gb > 0):
        raise ValueError('max_memory_gb must be positive, and needs Linux and a timeout')
    return GuardedPipeline(timeout, max_memory_gb) if can_guard else None


class _Serve:
    """Runs in the forked process: packs what :func:`load` returns or raises."""

    def __init__(self, pipeline: Callable[[dict], dict], max_gb: float | None) -> None:
        self.pipeline, self.max_gb, self.is_limited = pipeline, max_gb, False
        self.memory = shared_memory()

    def __call__(self, draw: Draw) -> tuple:
        torch.set_num_threads(1)  # the parent's threads do not exist in this process
        cv2.setNumThreads(0)
        if self.max_gb and not self.is_limited:
            limit_memory(self.max_gb)
            self.is_limited = True
        try:
            loaded = load(self.pipeline, draw)
            return pack(self._refusal(draw, loaded.error) or loaded, self.memory)
        except Exception as error:  # a bug in the pipeline, not a bad file
            if refusal := self._refusal(draw, error):
                return pack(refusal, self.memory)
            where = '\n' + traceback.format_exc()
            if not _survives(error):
                error = RuntimeError(f'{type(error).__name__}: {error}')
            return pack((error, where), self.memory)

    def _refusal(self, draw: Draw, error: Exception | None) -> Loaded | None:
        """Names the limit if a file needs more memory."""
        if self.max_gb and lacks_memory(error):
            reason = f'it needs more memory than max_memory_gb={self.max_gb:g} allows'
            return Loaded(error=MediaError(draw.row['filename'], reason))
        return None


def _survives(error: Exception) -> bool:
    """Whether an error can be rebuilt in another process."""
    try:
        copy = pickle.loads(pickle.dumps(error))  # nosec B301
        return isinstance(copy, Exception)
    except Exception:
        return False
