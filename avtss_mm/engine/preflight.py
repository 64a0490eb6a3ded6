"""Checks data and model before the first step for what would fail or be useless later."""

from __future__ import annotations

import logging
import math
import os

import torch
from mmengine.logging import print_log
from torch.utils.data import DataLoader

from ..errors import UsageError
from .inner_datasets import inner_datasets

SHARED_MEMORY = '/dev/shm'  # nosec B108
"""File system into which the workers of a loader put their samples."""


def look_before_training(model: torch.nn.Module, loader: DataLoader) -> None:
    """Check labels, queue and shared memory.

    Args:
        model: Model without its distributed wrapper.
        loader: Loader of the training data.

    Raises:
        UsageError: If labels do not fit the model.
    """
    check_labels(model, loader.dataset)
    warnings = [queue_warning(model, loader.dataset)]
    if loader.num_workers and os.path.isdir(SHARED_MEMORY):
        disk = os.statvfs(SHARED_MEMORY)
        warnings.append(shared_memory_warning(disk.f_bavail * disk.f_frsize, bytes_held(loader)))
    for warning in filter(None, warnings):
        print_log(warning, logger='current', level=logging.WARNING)


def check_labels(model: torch.nn.Module, dataset) -> None:
    """Compare the labels of the lists with the number of classes of a classifier.

    Raises:
        UsageError: If a label is not among the classes.
    """
    head = getattr(model, 'cls_head', model)
    num_classes = getattr(head, 'num_classes', None)
    if num_classes is None or getattr(head, 'multi_class', False):
        return
    for inner in inner_datasets(dataset):
        first, last = getattr(inner, 'label_range', (0, 0))
        if first < 0 or last >= num_classes:
            missing = '; -1 stands for a row without a label' if first < 0 else ''
            raise UsageError(
                f'the labels of {inner.ann_file} are {first} to {last}, those of the model 0 to '
                f'{num_classes - 1}{missing}. Labels count from 0; the number of classes is '
                'num_classes of the model.'
            )


def queue_warning(model: torch.nn.Module, dataset) -> str | None:
    """Warning about queues that are longer than the data set, if there are any."""
    length = max((queue.length for queue in getattr(model, 'queues', {}).values()), default=0)
    if length <= len(dataset):
        return None
    return (
        f'the queue of {length} entries holds {length / len(dataset):.1f} times the {len(dataset)} '
        'videos: it is full of old copies of the same ones, and neighbours wait until it is full. '
        f'Set model.queue.length to at most half of the videos, {max(len(dataset) // 2, 1)}, and '
        'the ranks of model.contrastive_head accordingly.'
    )


def bytes_held(loader: DataLoader) -> int:
    """Bytes of shared memory that all data workers on this machine may fill; 0 if unknown."""
    inner = next(inner_datasets(loader.dataset))
    sample = inner.sample_bytes() if hasattr(inner, 'sample_bytes') else 0
    batches = loader.num_workers * (loader.prefetch_factor or 1)
    return sample * (loader.batch_size or 1) * batches * int(os.environ.get('LOCAL_WORLD_SIZE', 1))


def shared_memory_warning(found: int, needed: int) -> str | None:
    """Warning if ``found`` bytes are free but samples need ``needed`` bytes."""
    if needed <= found:
        return None
    return (
        f'{SHARED_MEMORY} has {found / 2**20:.0f} MB free, the samples of the data workers may '
        f'take {needed / 2**20:.0f} MB: training ends when it is full. Give it more (docker run '
        f'--shm-size={math.ceil(needed * 1.25 / 2**30)}g), or lower '
        'train_dataloader.num_workers or batch_size.'
    )
