"""Adapts the schedule of a run that resumes with another number of batches per epoch."""

from __future__ import annotations

from mmengine.optim import OptimWrapperDict
from mmengine.runner import EpochBasedTrainLoop, Runner


def follow_epoch_length(runner: Runner, config: list | dict | None) -> None:
    """Move a resumed run to its epoch, although its checkpoint counts in batches.

    A checkpoint restores schedules that count iterations (``convert_to_iter_based``) for its own
    number of batches. With fewer, larger batches they would end too late, with smaller ones too
    early. Here they are rebuilt from the config and advanced to the current epoch, as if every
    epoch had had as many batches as now. The same goes for the iteration number, from which the
    log computes the remaining time.

    Args:
        runner: Runner that has just resumed.
        config: ``param_scheduler`` of its config.
    """
    loop = runner.train_loop
    if not isinstance(loop, EpochBasedTrainLoop) or runner.epoch == 0:
        return
    batches, before = len(loop.dataloader), round(runner.iter / runner.epoch)
    if batches == before:
        return
    loop._iter = runner.epoch * batches
    runner.logger.warning(
        f'an epoch has {batches} batches, it had {before}: the batch size, the number of processes '
        f'or the length of the list has changed. The schedule continues after epoch {runner.epoch} '
        f'and ends with epoch {runner.max_epochs}; the learning rate itself is not scaled.'
    )
    configs = config if isinstance(config, list) else [config]
    one_optimizer = not isinstance(runner.optim_wrapper, OptimWrapperDict)
    if not one_optimizer or not all(isinstance(config, dict) for config in configs):
        return
    if any(getattr(scheduler, 'need_val_args', False) for scheduler in runner.param_schedulers):
        return  # a schedule that follows the validation
    for scheduler in runner.param_schedulers:
        for group in runner.optim_wrapper.param_groups:
            group[scheduler.param_name] = group[f'initial_{scheduler.param_name}']
    schedulers = runner.param_schedulers = runner.build_param_scheduler(configs)
    runner.optim_wrapper._global_step = 0  # otherwise mmengine warns about a used optimizer
    for _ in range(runner.epoch):
        for by_epoch, times in ((False, batches), (True, 1)):
            for _ in range(times):
                for scheduler in schedulers:
                    if scheduler.by_epoch == by_epoch:
                        scheduler.step()
