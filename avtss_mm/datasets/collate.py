"""Makes a batch in the process that has loaded its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch.utils.data import default_collate

from ..workers.parcel import ByValue


@FUNCTIONS.register_module()
def stack_inputs(samples: Sequence):
    """Collate like mmengine's ``pseudo_collate``, and stack the inputs.

    A worker then hands over one tensor for each kind of input. ``pseudo_collate`` hands over every
    tensor of every sample, labels included, and the main process opens a file for each of them.

    Args:
        samples (Sequence): Samples, as ``PackActionInputs`` makes them. Others are only collated.

    Returns:
        dict: ``inputs``, a tensor ``(N, ...)`` or a dict of them (a list where shapes differ), and
        ``data_samples``, a list.
    """
    batch = pseudo_collate(samples)
    if isinstance(batch, dict) and 'inputs' in batch:
        batch['inputs'] = _stack(batch['inputs'])
        if isinstance(batch.get('data_samples'), list):
            batch['data_samples'] = ByValue(batch['data_samples'])
    return batch


def _stack(column):
    if isinstance(column, Mapping):
        return {name: _stack(part) for name, part in column.items()}
    if all(isinstance(t, torch.Tensor) for t in column) and len({t.shape for t in column}) == 1:
        return default_collate(column)  # in a worker: into shared memory
    return column
