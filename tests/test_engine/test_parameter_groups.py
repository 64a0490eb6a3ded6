"""Merged parameter groups train in the same way, and old checkpoints still resume."""

import copy

import pytest
import torch
from helpers.toy_run import ToyDataset, ToyModel
from mmengine.config import ConfigDict
from mmengine.optim import build_optim_wrapper

from avtss_mm.engine.runner import AVRunner

WRAPPER = dict(
    optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.1),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        custom_keys={'classifier.weight': dict(lr_mult=10.0)},
    ),
)


def make_runner(work_dir, epochs, constructor=None, **options):
    torch.manual_seed(0)
    wrapper = copy.deepcopy(WRAPPER)
    if constructor:
        wrapper['constructor'] = constructor
    schedule = [
        dict(type='LinearLR', start_factor=0.1, end=1),
        dict(type='CosineAnnealingLR', begin=1, end=5, T_max=4, eta_min_ratio=0.1),
    ]
    return AVRunner(
        model=ToyModel(),
        work_dir=str(work_dir),
        experiment_name=f'{constructor}{epochs}{options}',
        train_dataloader=dict(
            dataset=ToyDataset(),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=wrapper,
        param_scheduler=schedule,
        randomness=dict(seed=0),
        **options,
    )


def trained(runner):
    runner.train()
    return {name: tensor.clone() for name, tensor in runner.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope='module')
def uninterrupted(tmp_path_factory):
    """Weights after four epochs with mmengine's constructor."""
    return trained(make_runner(tmp_path_factory.mktemp('a'), 4, 'DefaultOptimWrapperConstructor'))


def test_equal_settings_share_a_group_and_train_alike(tmp_path, uninterrupted):
    runner = make_runner(tmp_path, 4)
    assert same(trained(runner), uninterrupted)
    groups = runner.optim_wrapper.optimizer.param_groups
    assert [len(group['params']) for group in groups] == [3, 1]  # norm and bias; the weight


@pytest.mark.parametrize('constructor', [None, 'DefaultOptimWrapperConstructor'])
def test_checkpoints_of_both_kinds_resume(tmp_path, uninterrupted, constructor):
    make_runner(tmp_path, 2, constructor).train()
    load = dict(load_from=str(tmp_path / 'epoch_2.pth'), resume=True)
    assert same(trained(make_runner(tmp_path, 4, **load)), uninterrupted)


def test_the_method_has_two_groups():
    from helpers.commands import ROOT
    from mmaction.registry import MODELS
    from mmengine.config import Config
    from mmengine.registry import init_default_scope

    init_default_scope('mmaction')
    cfg = Config.fromfile(ROOT / 'configs/demo/avtss_tiny.py')
    wrapper = ConfigDict(cfg.optim_wrapper, constructor='mmaction.MergedGroupsConstructor')
    model = MODELS.build(cfg.model)
    groups = build_optim_wrapper(model, wrapper).optimizer.param_groups
    assert len(groups) == 2
    assert sum(len(group['params']) for group in groups) == len(list(model.parameters()))
