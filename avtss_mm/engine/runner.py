"""Builds the runner of a config, for training and testing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from mmaction.registry import RUNNERS
from mmengine.config import Config
from mmengine.device import is_cuda_available
from mmengine.dist import get_world_size
from mmengine.model import BaseDataPreprocessor
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from ..errors import UsageError
from ..workers.parcel import hand_over
from .bare_model import bare_model
from .memory import keep_freed_memory
from .parameter_groups import merge_saved_groups
from .preflight import look_before_training
from .rescheduling import follow_epoch_length
from .sync_batch_norm import spare_waits


@RUNNERS.register_module()
class AVRunner(Runner):
    """mmengine's runner, which checks the data before the first step.

    It refuses loaders without a batch and labels that the model does not have. It warns about too
    little shared memory and queues that are longer than the list. Without workers,
    ``persistent_workers`` and ``prefetch_factor`` are meaningless and dropped, and so is
    ``pin_memory`` without a GPU. A run that resumes with another number of batches per epoch keeps
    its schedule (:func:`.follow_epoch_length`).
    """

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a loader like mmengine.

        Raises:
            UsageError: If there are too few samples for a batch, or its size is invalid.
            RuntimeError: While loading, if shared memory is full.
        """
        from_config = isinstance(dataloader, dict)
        if from_config:
            dataloader = _usable(dataloader)
        loader = Runner.build_dataloader(dataloader, seed, diff_rank_seed)
        if len(loader) == 0:
            processes = f' on each of {get_world_size()} processes' * (get_world_size() > 1)
            raise UsageError(
                f'{len(loader.dataset)} samples are too few for a batch of {loader.batch_size}'
                f'{processes}: lower batch_size of the data loader (train_dataloader.batch_size)'
            )
        if from_config:
            loader.collate_fn = partial(_collate_and_hand_over, loader.collate_fn)
        return loader

    def build_model(self, model: torch.nn.Module | dict) -> torch.nn.Module:
        """Build the model like mmengine; copying pinned batches to its device waits for nothing."""
        model = super().build_model(model)
        for module in model.modules():
            if isinstance(module, BaseDataPreprocessor):
                module._non_blocking = True  # mmaction2's preprocessors do not pass it on
        return model

    def wrap_model(self, model_wrapper_cfg: dict | None, model: torch.nn.Module) -> torch.nn.Module:
        """Wrap the model like mmengine; the host waits for no SyncBatchNorm of torch."""
        return spare_waits(super().wrap_model(model_wrapper_cfg, model))

    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the loop like mmengine, then check data and model."""
        loop = super().build_train_loop(loop)
        look_before_training(bare_model(self), loop.dataloader)
        return loop

    def build_param_scheduler(self, scheduler):
        """Build the schedulers like mmengine, and remember the first config."""
        self._schedule = getattr(self, '_schedule', scheduler)
        return super().build_param_scheduler(scheduler)

    def build_optim_wrapper(self, optim_wrapper):
        """Build the optimizer like mmengine, with one parameter group per setting."""
        if isinstance(optim_wrapper, dict) and 'paramwise_cfg' in optim_wrapper:
            optim_wrapper = {'constructor': 'mmaction.MergedGroupsConstructor', **optim_wrapper}
        return super().build_optim_wrapper(optim_wrapper)

    def load_checkpoint(self, *args, **kwargs) -> dict:
        """Load like mmengine; checkpoints with one parameter group per parameter still fit."""
        checkpoint = super().load_checkpoint(*args, **kwargs)
        saved = checkpoint.get('optimizer', {})
        if saved.get('loss_scaler') == {}:  # of a run in bfloat16; one in float16 refuses it
            del saved['loss_scaler']
        optimizer = getattr(self.optim_wrapper, 'optimizer', None)
        if optimizer is not None:
            merge_saved_groups(checkpoint, optimizer, bare_model(self))
        return checkpoint

    def resume(self, *args, **kwargs) -> None:
        """Resume like mmengine, then adapt the schedule to the number of batches."""
        super().resume(*args, **kwargs)
        follow_epoch_length(self, getattr(self, '_schedule', None))


def _usable(settings: dict) -> dict:
    """Check the settings of a loader; return those that apply."""
    for name, least in (('batch_size', 1), ('num_workers', 0)):
        value = settings.get(name)
        if isinstance(value, int) and value < least:
            raise UsageError(f'{name} of a data loader is {value}: it must be {least} or more')
    useless = () if is_cuda_available() else ('pin_memory',)
    if not settings.get('num_workers'):
        useless += ('persistent_workers', 'prefetch_factor')
    settings = {key: value for key, value in settings.items() if key not in useless}
    collate = settings.get('collate_fn')
    if isinstance(collate, dict):  # mmengine would pass the scope of the config on to it
        settings['collate_fn'] = {key: v for key, v in collate.items() if key != '_scope_'}
    return settings


def _collate_and_hand_over(collate: Callable, samples: list):
    batch = collate(samples)
    hand_over(batch)
    return batch


def build_runner(cfg: Config) -> Runner:
    """Build :class:`AVRunner`, or the runner named by the config's ``runner_type``."""
    keep_freed_memory()
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else AVRunner.from_cfg(cfg)
    # mmengine would log hundreds of lines, one per parameter without weight decay
    runner.logger.addFilter(lambda record: 'paramwise_options' not in record.getMessage())
    return runner
