"""Gradient accumulation, mixed precision, averaged weights and ``--resume`` together."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from helpers.small_training import CONFIG, make_toy, train

pytestmark = pytest.mark.slow

ALL = f"""
_base_ = [{str(CONFIG)!r}]
custom_imports = dict(imports=['avtss_mm', 'helpers.cpu_amp', 'helpers.without_onednn'])
model = dict(channels_last=False)
optim_wrapper = dict(type='CpuAmpOptimWrapper', dtype='bfloat16', accumulative_counts=2)
default_hooks = dict(ema=dict(type='EMAHook'))
"""


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp('toy'), num_videos=6)


def leaves(value, path=''):
    if isinstance(value, (dict, list, tuple)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, part in items for k, v in leaves(part, f'{path}/{key}').items()}
    return {path: torch.as_tensor(value) if isinstance(value, (int, float)) else value}


def test_resumed_equals_unbroken_bit_for_bit(toy, tmp_path, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(Path(__file__).parents[1]))
    config = tmp_path / 'all.py'
    config.write_text(ALL)
    options = ['train_dataloader.batch_size=2', 'train_dataloader.num_workers=0']
    options.append('train_dataloader.persistent_workers=False')
    settings = dict(config=config, epochs=2, options=options)
    train(toy, tmp_path / 'one', '--no-validate', **settings)
    # as after the end of the first epoch: of its three batches, the last waits for its step
    resume = ('--resume', tmp_path / 'one/epoch_1.pth')
    train(toy, tmp_path / 'two', '--no-validate', *resume, **settings)
    one, two = (
        torch.load(tmp_path / name / 'epoch_2.pth', weights_only=True) for name in ('one', 'two')
    )
    assert one['optimizer']['state'][0]['step'] == 3  # of six batches
    assert one['optimizer']['loss_scaler']['scale'] > 0
    assert one['ema_state_dict']['steps'] == 6
    weight = 'backbone.stem.0.weight'
    assert not one['state_dict'][weight].equal(one['ema_state_dict'][f'module.{weight}'])
    assert one['state_dict']['queues.video.num_enqueued'] == 12
    for part in ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers'):
        whole, resumed = leaves(one[part]), leaves(two[part])
        assert whole.keys() == resumed.keys()
        for key, value in whole.items():
            same = value.equal(resumed[key]) if torch.is_tensor(value) else value == resumed[key]
            assert same, (part, key)
