"""A run says in words that it waits for data, and nothing if it does not."""

from __future__ import annotations

import pytest
from helpers.commands import ROOT, tool
from helpers.toy_run import ToyModel, build_runner

from avtss_mm.engine import DataWaitHook

CONFIG = f"""
_base_ = {str(ROOT / 'configs/_base_/default_runtime.py')!r}
custom_imports = dict(imports=['helpers.toy_run', 'avtss_mm'])
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    dataset=dict(type='ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
train_cfg = dict(by_epoch=True, max_epochs=17)  # 102 steps
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
visualizer = None
custom_hooks = []
"""


@pytest.mark.slow
@pytest.mark.parametrize(('part', 'seconds'), [('train_dataloader.dataset', 0.03), ('model', 0.1)])
def test_train_says_whether_it_waits(part, seconds, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(CONFIG)
    slow = f'{part}.seconds={seconds}'
    done = tool('train.py', config, '--work-dir', tmp_path, '--cfg-options', slow)
    warnings = [line for line in done.stdout.splitlines() if 'waiting for data' in line]
    if part == 'model':
        assert not warnings
    else:
        (line,) = warnings
        assert 'WARNING' in line and '% of the last 100 steps' in line
        assert 'train_dataloader.num_workers is 0 per process' in line


@pytest.fixture
def said(tmp_path, monkeypatch):
    """``said(epochs)``: how often a run of six steps an epoch says that it waits, judged after ten.

    The data set is slow from the given step on.
    """
    monkeypatch.setattr('avtss_mm.engine.hooks.data_wait_hook.STEPS', 10)

    def run(epochs, slow_from):
        model = ToyModel(seconds=0.05)
        hooks = dict(logger=dict(type='LoggerHook', interval=50), checkpoint=None)
        options = dict(custom_hooks=[DataWaitHook()], default_hooks=hooks, model=model)
        name = f'{tmp_path}-{epochs}-{slow_from}'
        runner = build_runner(tmp_path, epochs, name, **options)

        def slow_down(*_):
            loader = runner.train_dataloader
            loader.dataset.seconds = 0.05 * (runner.iter >= slow_from)

        model.register_forward_pre_hook(slow_down)
        runner.train()
        return sum(log.read_text().count('waiting for data') for log in tmp_path.glob('*/*.log'))

    return run


def test_it_says_so_once(said):
    assert said(6, slow_from=0) == 1


def test_it_says_nothing_after_too_few_steps(said):
    assert said(1, slow_from=0) == 0


def test_it_says_so_when_waiting_begins_later(said):
    assert said(4, slow_from=11) == 1
