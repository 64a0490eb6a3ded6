"""Parameter groups of the optimizer: one per setting instead of one per parameter."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from mmaction.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MergedGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with all parameters of equal settings in one group.

    With ``paramwise_cfg`` mmengine makes one group per parameter, and on a GPU the optimizer
    launches its kernels for each group. The result of a step is the same.
    """

    def add_params(self, params: list[dict], module: torch.nn.Module, prefix='', **kwargs) -> None:
        """Append the groups of a module to ``params``; those of the whole model are merged."""
        super().add_params(params, module, prefix, **kwargs)
        if prefix:  # a submodule: mmengine calls this method for each
            return
        merged: dict[str, dict] = {}
        for group in params:
            settings = {key: value for key, value in group.items() if key != 'params'}
            first = merged.setdefault(repr(sorted(settings.items())), dict(settings, params=[]))
            first['params'].extend(group['params'])
        params[:] = merged.values()


def merge_saved_groups(
    checkpoint: dict, optimizer: torch.optim.Optimizer, model: torch.nn.Module
) -> None:
    """Adapt a checkpoint with one group per parameter to an optimizer with merged groups.

    Args:
        checkpoint: Checkpoint, whose ``optimizer`` and ``param_schedulers`` are changed in place.
            Other checkpoints stay as they are.
        optimizer: Optimizer that will load the checkpoint.
        model: Model of the optimizer.
    """
    saved = checkpoint.get('optimizer', {})
    groups = saved.get('param_groups', [])
    members = list(_members(optimizer, model))
    one_each = len(groups) == sum(map(len, members)) and all(len(g['params']) == 1 for g in groups)
    if not one_each or len(groups) == len(members):
        return
    saved['param_groups'] = [
        {**groups[places[0]], 'params': [groups[place]['params'][0] for place in places]}
        for places in members
    ]
    for scheduler in checkpoint.get('param_schedulers', []):
        for key, values in scheduler.items():
            if isinstance(values, list) and len(values) >= len(groups):
                base = values[len(groups) :]  # mmengine's own group, which shows the base rate
                scheduler[key] = [values[places[0]] for places in members] + base


def _members(optimizer: torch.optim.Optimizer, model: torch.nn.Module) -> Iterator[list[int]]:
    """Yield the indices of each group's parameters, in the order of the model."""
    groups = [[id(parameter) for parameter in group['params']] for group in optimizer.param_groups]
    optimized = {name for group in groups for name in group}
    ordered = [id(p) for p in model.parameters() if id(p) in optimized]
    places = {name: place for place, name in enumerate(ordered)}
    for group in groups:
        yield [places[name] for name in group]
