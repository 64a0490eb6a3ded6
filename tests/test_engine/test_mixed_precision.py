"""The loss scale: steps that it costs are no bad samples, and it is resumed."""

from __future__ import annotations

import helpers.cpu_amp  # noqa: F401
import pytest
import torch
from helpers.toy_run import build_runner
from mmengine.hooks import Hook

from avtss_mm.engine import FiniteLossHook
from avtss_mm.engine.runner import AVRunner


class Remember(Hook):
    """Records the weights and the loss scale after each step."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.weights, self.scales = [], []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.weights.append(runner.model.classifier.weight.detach().clone())
        self.scales.append(runner.optim_wrapper.loss_scaler.get_scale())


def train(work_dir, epochs, optimizer=None, finite=None, **options):
    remember = Remember()
    # so large that the float16 gradients of several steps overflow
    amp = dict(type='CpuAmpOptimWrapper', dtype='float16', init_scale=2.0**24)
    runner = build_runner(
        work_dir, epochs, f'{work_dir}-{epochs}', AVRunner,
        optim_wrapper=dict(amp, optimizer=dict(type='AdamW', lr=0.01, **(optimizer or {}))),
        custom_hooks=[FiniteLossHook(**(finite or {})), remember], **options,
    )  # fmt: skip
    runner.train()
    return runner, remember


@pytest.mark.parametrize('finite', [{}, dict(max_skipped=1)])
@pytest.mark.parametrize('optimizer', [{}, dict(fused=True)])
def test_steps_that_the_scaler_skips_are_no_bad_samples(tmp_path, optimizer, finite):
    runner, remember = train(tmp_path, 2, optimizer, finite)
    halved = sum(a > b for a, b in zip([2.0**24, *remember.scales], remember.scales))
    assert 2 <= halved < 12 == runner.iter  # more in a row than the hook would allow
    assert remember.weights[0].equal(remember.weights[halved - 1])
    assert not remember.weights[halved].equal(remember.weights[halved - 1])
    assert 'skipped_steps' not in runner.message_hub.runtime_info
    assert remember.weights[-1].isfinite().all()


def test_the_loss_scale_is_resumed(tmp_path):
    _, unbroken = train(tmp_path / 'unbroken', 2)
    _, first = train(tmp_path / 'broken', 1)
    options = dict(resume=True, load_from=str(tmp_path / 'broken/epoch_1.pth'))
    _, second = train(tmp_path / 'broken', 2, **options)
    assert first.scales + second.scales == unbroken.scales
    assert first.scales[-1] < 2.0**24


def test_a_run_in_bfloat16_goes_on_in_float16(tmp_path):
    train(tmp_path, 1)
    path = tmp_path / 'epoch_1.pth'
    checkpoint = torch.load(path)
    checkpoint['optimizer']['loss_scaler'] = {}  # what a scaler that is switched off saves
    torch.save(checkpoint, path)
    runner, remember = train(tmp_path, 2, resume=True, load_from=str(path))
    assert runner.iter == 12 and remember.scales[0] >= 2.0**23  # begins anew
