"""Finds and reports non-finite losses and weights, and never saves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import isfinite

import torch
from mmaction.registry import HOOKS
from mmengine.dist import all_gather_object, all_reduce
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..bare_model import bare_model
from ..faults import TrainingStoppedError


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop training or skip the step if the loss is not finite, and name the samples.

    Reading a loss makes the CPU wait for the GPU. To stop, it is enough to read the losses every
    few steps and before a checkpoint is saved; to skip, each step reads its loss. All ranks of a
    run do the same. Checkpoints with non-finite weights are refused.

    A skipped step changes neither weights, optimizer, BatchNorm statistics nor queues.

    Args:
        max_skipped (int): Maximum number of successive steps to skip. Defaults to 0: stop at the
            first non-finite loss.
        interval (int): Number of steps between two readings if no steps are skipped.
            Defaults to 20.
    """

    def __init__(self, max_skipped: int = 0, interval: int = 20) -> None:
        self.max_skipped = max_skipped
        self.interval = interval
        self._recent = []  # loss, samples and number of the steps that are not read yet
        self._batch, self._buffers = None, {}
        self._in_a_row = 0

    def before_train(self, runner: Runner) -> None:
        """Hook in between the loss and the optimizer if steps may be skipped."""
        if self.max_skipped:
            wrapper = runner.optim_wrapper
            wrapper.update_params = self._guard(runner, wrapper.update_params)
            drop = partial(self._drop_bad_gradients, runner)
            wrapper.optimizer.register_step_pre_hook(drop)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Keep what a skipped step must not change."""
        if self.max_skipped:
            self._batch = data_batch
            self._buffers = {k: v.clone() for k, v in bare_model(runner).named_buffers()}

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Record the loss; read the recent ones now and then."""
        if not self.max_skipped and 'loss' in (outputs or {}):
            names = list(_describe(data_batch))
            self._recent.append((outputs['loss'].detach(), names, runner.iter + 1))
            if len(self._recent) >= self.interval:
                self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Read the losses before the epoch is saved."""
        self._look(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse non-finite weights."""
        for part in ('state_dict', 'ema_state_dict'):
            for name, value in checkpoint.get(part, {}).items():
                if value.is_floating_point() and not value.isfinite().all():
                    raise TrainingStoppedError(
                        f'{name} is not finite after epoch {runner.epoch + 1}: this checkpoint is '
                        f'not saved. {_ADVICE}'
                    )

    def _look(self, runner: Runner) -> None:
        recent, self._recent = self._recent, []
        if not recent:
            return
        losses = torch.stack([loss for loss, _, _ in recent])
        bad = _on_any_rank(~losses.isfinite())
        if bad.any():
            first = int(bad.int().argmax())
            _, names, iteration = recent[first]
            ranks = all_gather_object((losses[first].item(), names))
            loss = next(loss for loss, _ in ranks if not isfinite(loss))
            before = ', '.join(f'{loss:.4g}' for loss in losses[max(first - 5, 0) : first].tolist())
            raise TrainingStoppedError(
                f'the loss is {loss} in epoch {runner.epoch + 1}, iteration {iteration}'
                + f' (before: {before})' * bool(before)
                + f'. Samples of that batch: {_join(names for _, names in ranks)}. {_ADVICE}'
            )

    def _guard(self, runner: Runner, stock: Callable) -> Callable:
        @torch.compiler.disable
        def update_params(loss: torch.Tensor, **kwargs) -> None:
            if not _on_any_rank(~loss.detach().isfinite()):
                self._in_a_row = 0
                return stock(loss, **kwargs)
            # strict=False: only the buffers
            bare_model(runner).load_state_dict(self._buffers, strict=False)
            self._skip(runner, f'the loss is {loss:.4g}')

        return update_params

    def _drop_bad_gradients(self, runner: Runner, optimizer, *args) -> None:
        """Drop non-finite gradients; without any, the optimizer changes nothing.

        Those of a loss scale that is too large are none of ours: the scaler skips their step.
        """
        if getattr(optimizer, 'found_inf', None) is not None:  # a fused optimizer asks the scaler
            return
        parameters = [p for group in optimizer.param_groups for p in group['params']]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not torch.stack([g.isfinite().all() for g in gradients]).all():  # equal on all ranks
            optimizer.zero_grad(set_to_none=True)
            self._skip(runner, 'a gradient is not finite')

    def _skip(self, runner: Runner, reason: str) -> None:
        self._in_a_row += 1
        total = runner.message_hub.runtime_info.get('skipped_steps', 0) + 1
        runner.message_hub.update_info('skipped_steps', total)
        text = f'{reason} in epoch {runner.epoch + 1}, iteration {runner.iter + 1}'
        names = _join(all_gather_object(list(_describe(self._batch))))
        if self._in_a_row > self.max_skipped:
            raise TrainingStoppedError(
                f'{text}, after {self.max_skipped} steps that were skipped. Samples of that '
                f'batch: {names}. {_ADVICE}'
            )
        runner.logger.warning(f'{text}: step skipped, {total} so far. Samples: {names}')


_ADVICE = (
    'If losses grew before, start over in another --work-dir with a lower '
    'optim_wrapper.optimizer.lr (or with optim_wrapper.clip_grad.max_norm=1); if not, look at the '
    'samples and leave them out. To skip such steps: '
    '--cfg-options default_hooks.finite_loss.max_skipped=20.'
)


def _on_any_rank(flags: torch.Tensor) -> torch.Tensor:
    flags = flags.int()
    all_reduce(flags, 'max')
    return flags.bool()


def _join(names_of_ranks: Iterable[list[str]]) -> str:
    return ', '.join(name for names in names_of_ranks for name in names) or 'unknown'


def _describe(data_batch) -> Iterator[str]:
    """Yield the names of the samples of a batch, marking those with non-finite input."""
    if not isinstance(data_batch, dict) or 'data_samples' not in data_batch:
        return
    inputs = data_batch.get('inputs', {})
    inputs = inputs.values() if isinstance(inputs, dict) else [inputs]
    for i, sample in enumerate(data_batch['data_samples']):
        name = str(sample.get('filename', f'sample {sample.get("sample_idx", i)}'))
        tensors = [column[i] for column in inputs if len(column) > i]
        bad = any(t.is_floating_point() and not _is_finite(t) for t in tensors)
        yield f'{name} (input not finite)' * bad or name


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether all values are finite; a finite sum proves it at a tenth of the cost."""
    return isfinite(tensor.sum().item()) or bool(tensor.isfinite().all())
