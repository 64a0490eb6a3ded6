"""Explains why training ended and what to do about it."""

from __future__ import annotations

import errno
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import USER_ERRORS
from .resuming import find_last_checkpoint

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM}
_DISK_FAILS = {errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT}
_WORKER_KILLED = re.compile(r'DataLoader worker \(pid\(?s?\)? [\d, ]+\) .*', re.DOTALL)
_RANK_DIED = re.compile(
    r'Connection closed by peer|Connection reset by peer|Broken pipe|Connection refused'
    r'|NCCL error|Timed out waiting|timed out after|remote process has exited'
)


class TrainingStoppedError(RuntimeError):
    """Training cannot continue; the text says why and what to do."""


def explain(error: BaseException, work_dir, data_folders=()) -> str | None:
    """Say in a few lines why training ended and how to continue.

    Args:
        error: Error that ended the training.
        work_dir: Folder of the checkpoints.
        data_folders: Folders of the samples.

    Returns:
        str or None: The explanation; None if the error may be a bug, so that its traceback is
        needed.
    """
    reason = _reason(error, Path(work_dir), [Path(folder) for folder in data_folders])
    if reason is None:
        return None
    return f'{reason}\n{how_to_go_on(work_dir)}'


@contextmanager
def explained(work_dir, advice: str) -> Iterator[None]:
    """End a program that does not train in a few lines, for the reasons of :func:`explain`."""
    try:
        yield
    except Exception as error:  # raised again unless it has such a reason
        reason = None if isinstance(error, USER_ERRORS) else _reason(error, Path(work_dir), [])
        if reason is None:
            raise
        sys.exit(f'error: {reason} {advice}')


def how_to_go_on(work_dir) -> str:
    """Say in one line from where a training that ended early can continue."""
    last, damaged = find_last_checkpoint(work_dir)
    damaged = ''.join(f'{path} is damaged or missing. ' for path in damaged)
    if last is None:
        return f'{damaged}There is no checkpoint to resume from yet.'
    return (
        f'{damaged}The last complete checkpoint is {last}; the same command with '
        '--resume continues from there.'
    )


def _reason(error: BaseException, work_dir: Path, data_folders: list[Path]) -> str | None:
    text = str(error).strip()
    if isinstance(error, TrainingStoppedError):
        return text
    gone = [str(folder) for folder in data_folders if not folder.exists()]
    if gone:
        return f'the data are gone: {", ".join(gone)} no longer exists. Restore it.'
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return f'out of GPU memory: lower train_dataloader.batch_size ({text.splitlines()[0]}).'
    if 'unable to allocate shared memory' in text or _of_semaphores(error):
        return (
            'shared memory (/dev/shm) is full: the samples of the data workers do not fit. Give '
            "it more (`docker run --shm-size=8g`), or lower the loader's num_workers or batch_size."
        )
    killed = _WORKER_KILLED.search(text)
    if killed or 'unable to write to file </torch' in text:
        text = killed.group() if killed else text
        if 'signal: Terminated' in text:
            return 'ended by SIGTERM, and its data workers too.'
        return (
            f'a data worker ended: {text.splitlines()[0]} Often memory ran out, or shared memory '
            '(/dev/shm; `docker run --shm-size`): lower train_dataloader.num_workers.'
        )
    if 'could not be read' in text:  # from AudioVisualDataset, perhaps after a worker's traceback
        return text.rpartition('\nRuntimeError: ')[2]
    if isinstance(error, ValueError) and text.startswith('Input contains'):  # from scikit-learn
        return (
            'features are not finite: start over with a lower optim_wrapper.optimizer.lr, in '
            'another --work-dir.'
        )
    if _RANK_DIED.search(text):
        first = text.splitlines()[0]
        return f'another process of this run ended; its message says why (here: {first}).'
    if isinstance(error, OSError):
        where = error.filename or work_dir
        if error.errno in _DISK_FULL:
            return f'no space left for {where} ({error.strerror}): make room in {work_dir}.'
        if error.errno in _NOT_WRITABLE:
            return f'{where} cannot be used ({error.strerror}): mend that, or give --work-dir.'
        if error.errno in _DISK_FAILS:
            return f'{where} cannot be reached ({error.strerror}): check the disk or network.'
    return None


def _of_semaphores(error: BaseException) -> bool:
    """Whether shared memory, which holds the locks of processes, had no room for one."""
    full = isinstance(error, OSError) and error.errno in _DISK_FULL
    places = traceback.extract_tb(error.__traceback__)[-1:]
    return full and any(place.filename.endswith('/synchronize.py') for place in places)
