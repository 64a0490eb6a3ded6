"""Checkpoints that survive if the run is killed at any moment."""

from __future__ import annotations

import os.path as osp
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce_params, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..bare_model import bare_model
from ..resuming import flush, write_marker

PARTIAL = '*.pth.part'
"""Pattern of the names of unfinished checkpoints (see :mod:`avtss_mm.checkpoints.plain`)."""

WAITING = 'gradients'
"""Key of these gradients in a checkpoint."""


@HOOKS.register_module()
class DurableCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, made safe against kills and full disks.

    A checkpoint gets its name when it is complete. It is on the disk before ``last_checkpoint``
    names it, and only then are older checkpoints deleted; upstream deletes them first. Unfinished
    checkpoints are deleted when writing fails or the run resumes.

    A checkpoint is written before its epoch is validated. A run that resumes from it starts with
    that validation, which upstream skips (mmengine#1394), so that its curves are those of an
    uninterrupted run.

    If the number of batches of an epoch is not a multiple of ``accumulative_counts``, the gradients
    that wait for the next step are saved and restored; upstream forgets them.

    Args:
        *args, **kwargs: Arguments of :class:`mmengine.hooks.CheckpointHook`.
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the gradients that wait for the next step."""
        if waiting := _waiting_gradients(runner):
            checkpoint[WAITING] = waiting

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep these gradients until training starts."""
        self._waiting = checkpoint.get(WAITING, {})

    def before_train(self, runner: Runner) -> None:
        """Delete unfinished checkpoints of a killed run; restore gradients; catch up validation."""
        super().before_train(runner)
        self._delete_partial()
        for name, parameter in _parameters(runner).items():
            if name in self._waiting:
                parameter.grad = self._waiting[name].to(parameter)
        self._waiting = {}
        if _validation_is_due(runner):
            runner.logger.info(f'Epoch {runner.epoch} was saved, but not validated: validating it.')
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Record that the epoch is validated; save it if it is the best."""
        runner.message_hub.update_info('last_validation', runner.epoch)
        if runner.epoch:  # initial weights are only validated for comparison
            super().after_val_epoch(runner, metrics)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        _average_waiting_gradients(runner)
        outdated = None
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated = self.filename_tmpl.format(self.keep_ckpt_ids[0])
            self.keep_ckpt_ids.append(step)  # its length is limited
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        with self._deleting_last():
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            if is_main_process():
                if osp.isfile(self.last_ckpt):
                    flush(self.last_ckpt)
                write_marker(runner.work_dir, self.last_ckpt)
                if outdated is not None:
                    self.file_backend.remove(self.file_backend.join_path(self.out_dir, outdated))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        with self._deleting_last():
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _deleting_last(self) -> Iterator[None]:
        """Delay deletions until the end of the block; if it fails, delete only unfinished files."""
        backend, outdated = self.file_backend, []
        self.file_backend = copy(backend)
        self.file_backend.remove = outdated.append
        try:
            yield
        except OSError:
            self._delete_partial()  # it may fill the disk
            raise
        finally:
            self.file_backend = backend
        for path in outdated:
            if backend.isfile(path):
                backend.remove(path)

    def _delete_partial(self) -> None:
        if is_main_process() and osp.isdir(self.out_dir):
            for path in Path(self.out_dir).glob(PARTIAL):
                with suppress(OSError):
                    path.unlink()


def _parameters(runner: Runner) -> dict[str, torch.nn.Parameter]:
    return dict(bare_model(runner).named_parameters())


def _waiting_gradients(runner: Runner) -> dict[str, torch.Tensor]:
    """Gradients that wait for a step, by parameter name; a step deletes gradients."""
    found = {name: parameter.grad for name, parameter in _parameters(runner).items()}
    return {name: gradient for name, gradient in found.items() if gradient is not None}


def _average_waiting_gradients(runner: Runner) -> None:
    """Average them over the ranks, as the step would do anyway: only one rank writes the file."""
    parameters = _parameters(runner)
    names = {n for names in all_gather_object(list(_waiting_gradients(runner))) for n in names}
    gradients = []
    for name in sorted(names):
        if parameters[name].grad is None:
            parameters[name].grad = torch.zeros_like(parameters[name])
        gradients.append(parameters[name].grad)
    if gradients:
        all_reduce_params(gradients, op='mean')


def _validation_is_due(runner: Runner) -> bool:
    """Whether the checkpoint of a resumed run was written before its validation."""
    loop = runner.train_loop
    if runner.epoch == 0 or runner.val_loop is None or not isinstance(loop, EpochBasedTrainLoop):
        return False
    if runner.message_hub.runtime_info.get('last_validation') == runner.epoch:
        return False
    loop._decide_current_val_interval()
    due = runner.epoch % loop.val_interval == 0 or runner.epoch == runner.max_epochs
    return due and runner.epoch >= loop.val_begin
