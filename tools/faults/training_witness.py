"""The hook that training_faults.py adds to its trainings: it records every step and adds faults."""

from __future__ import annotations

import hashlib
import pickle
import random
import time

import numpy as np
import torch
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from avtss_mm.errors import MediaError

CHUNKS = 20


@HOOKS.register_module()
class Witness(Hook):
    """Record samples and random state of each step; make saving slow; spoil a batch.

    Checkpoints contain the record, so that it survives a kill and --resume.

    Args:
        save_seconds (float): Seconds that it takes to write a checkpoint. Defaults to 0.
        bad_step (int): Step, counted from 1, in which a sound is NaN. Defaults to 0: none.
        bad_rank (int): Rank that cannot read any file. Defaults to -1: none.
    """

    priority = 'LOWEST'  # draws nothing, and records after all other hooks have drawn

    def __init__(self, save_seconds: float = 0, bad_step: int = 0, bad_rank: int = -1) -> None:
        self.bad_step, self.bad_rank = bad_step, bad_rank
        if save_seconds:
            LocalBackend.put = _slow_put(save_seconds)

    def before_train(self, runner) -> None:
        """Make the files unreadable for one rank."""
        if runner.rank == self.bad_rank:
            runner.train_dataloader.dataset.pipeline = _unreadable

    def before_train_iter(self, runner, batch_idx: int, data_batch=None) -> None:
        """Record the samples and the random state at the start of the step."""
        names = [sample.filename for sample in data_batch['data_samples']]
        states = (torch.get_rng_state().numpy(), np.random.get_state(), random.getstate())
        digest = hashlib.sha256(pickle.dumps(states)).hexdigest()[:16]
        record = runner.message_hub.runtime_info.get('witness', [])
        runner.message_hub.update_info('witness', [*record, [runner.iter, digest, *names]])
        if runner.iter + 1 == self.bad_step:
            data_batch['inputs']['audios'][0][:] = torch.nan


def _unreadable(row: dict) -> dict:
    raise MediaError(row['filename'], 'is spoiled by the campaign')


def _slow_put(seconds: float):
    def put(self, obj: bytes, filepath) -> None:
        size = -(-len(obj) // CHUNKS)
        with open(filepath, 'wb') as file:
            for start in range(0, len(obj), size):
                file.write(obj[start : start + size])
                file.flush()
                time.sleep(seconds / CHUNKS)

    return put
