"""The checks of a runner before the first step, and its schedule after a changed batch size."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from helpers.commands import ROOT
from helpers.toy_run import ToyDataset, ToyModel, build_runner
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.engine.preflight import (
    bytes_held,
    check_labels,
    queue_warning,
    shared_memory_warning,
)
from avtss_mm.engine.runner import AVRunner
from avtss_mm.errors import UsageError

SCHEDULE = [
    dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=1, end=4, eta_min=1e-4, convert_to_iter_based=True),
    dict(type='MultiStepLR', milestones=[3], gamma=0.5, end=4),
]


def listed(folder, *labels):
    """Config of a data set whose list has these labels."""
    path = folder / 'list.txt'
    path.write_text('\n'.join(f'{i}.mp4 {label}' for i, label in enumerate(labels)))
    return AudioVisualDataset(str(path), [lambda row: dict(inputs=torch.rand(3), label=0)])


class RateHook(Hook):
    """Records the learning rate of each step by the progress of training."""

    def __init__(self):
        self.rates = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        share = runner.epoch + batch_idx / len(runner.train_dataloader)
        self.rates[share] = runner.optim_wrapper.param_groups[0]['lr']


def train(work_dir, epochs, batch_size, stop=None, **options):
    """Trains up to an epoch; returns the learning rates."""
    hook = RateHook()
    name = f'{work_dir.name}-{epochs}-{batch_size}-{stop}'
    runner = build_runner(
        work_dir, epochs, name, AVRunner, dict(batch_size=batch_size, **options.pop('loader', {})),
        param_scheduler=SCHEDULE, custom_hooks=[hook], **options,
    )  # fmt: skip
    if stop:
        loop = runner.build_train_loop(runner._train_loop)
        loop._max_epochs, runner._train_loop = stop, loop
    runner.train()
    return hook.rates, runner


def log(work_dir) -> str:
    return ''.join(path.read_text() for path in work_dir.glob('*/*.log'))


@pytest.mark.parametrize('before,after', [(4, 2), (2, 6), (3, 3)])
def test_a_resumed_schedule_follows_the_epochs(tmp_path, before, after):
    unbroken, _ = train(tmp_path / 'unbroken', 4, after)
    train(tmp_path / 'broken', 4, before, stop=2)
    resumed, runner = train(tmp_path / 'broken', 4, after, resume=True)
    assert min(resumed) == 2 and len(resumed) == 2 * 12 // after
    for share, rate in resumed.items():
        assert rate == pytest.approx(unbroken[share], rel=1e-9), share
    assert runner.iter == runner.max_iters  # nothing is left: the time to go is never negative
    text = log(tmp_path / 'broken')
    told = f'an epoch has {12 // after} batches, it had {12 // before}: the batch size'
    assert (told in text) == (before != after)
    assert ('continues after epoch 2 and ends with epoch 4' in text) == (before != after)


@pytest.mark.parametrize('options', [dict(persistent_workers=True), dict(prefetch_factor=4)])
def test_options_of_workers_mean_nothing_without_workers(tmp_path, options):
    _, runner = train(tmp_path, 1, 2, loader=dict(num_workers=0, **options))
    assert runner.iter == 6


def test_fewer_samples_than_a_batch_are_one_line(tmp_path):
    loader = dict(drop_last=True)
    with pytest.raises(UsageError, match='12 samples are too few for a batch of 16: lower batch'):
        train(tmp_path, 1, 16, loader=loader)


class Classifier(ToyModel):
    num_classes = 2


@pytest.mark.parametrize('labels', [(1, 2), (-1, 1), (-1, -1), (0, 5)])
def test_labels_that_the_model_does_not_have_are_refused(tmp_path, labels):
    loader = dict(dataset=listed(tmp_path, *labels))
    words = 'labels of .*list.txt are {} to {}, those of the model 0 to 1'.format(*labels)
    with pytest.raises(UsageError, match=words):
        train(tmp_path, 1, 2, loader=loader, model=Classifier())
    train(tmp_path, 1, 2, loader=loader)  # a model without classes takes any
    train(tmp_path, 1, 4, loader=dict(dataset=listed(tmp_path, 0, 1, 0, 1)), model=Classifier())


def test_classes_of_a_recognizer_are_those_of_its_head(tmp_path):
    init_default_scope('mmaction')
    model = MODELS.build(Config.fromfile(ROOT / 'configs/demo/finetune_toy.py').model)
    check_labels(model, listed(tmp_path, *range(16)))
    with pytest.raises(UsageError, match='are 1 to 16, those of the model 0 to 15'):
        check_labels(model, listed(tmp_path, *range(1, 17)))


def test_a_queue_longer_than_the_data_is_warned_of():
    model = SimpleNamespace(queues=dict(video=SimpleNamespace(length=4000)))
    warning = queue_warning(model, range(40))
    assert (
        'holds 100.0 times the 40 videos' in warning and 'at most half of the videos, 20' in warning
    )
    assert queue_warning(model, range(4000)) is None
    assert queue_warning(torch.nn.Linear(1, 1), range(4)) is None


class Sized(ToyDataset):
    def sample_bytes(self):
        return 2**20


def test_too_little_shared_memory_is_told_with_both_sizes(monkeypatch):
    loader = DataLoader(Sized(), batch_size=8, num_workers=4)
    monkeypatch.delenv('LOCAL_WORLD_SIZE', raising=False)
    assert bytes_held(loader) == 8 * 4 * 2 * 2**20
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '8')  # processes that share it
    assert bytes_held(loader) == 8 * 8 * 4 * 2 * 2**20
    warning = shared_memory_warning(64 * 2**20, 3000 * 2**20)
    assert '/dev/shm has 64 MB free' in warning and '3000 MB' in warning
    assert '--shm-size=4g' in warning
    assert shared_memory_warning(64 * 2**20, 64 * 2**20) is None


def test_a_runner_says_what_it_saw(tmp_path):
    class Queued(ToyModel):
        queues = dict(video=SimpleNamespace(length=100))

    class Huge(ToyDataset):
        def sample_bytes(self):
            return 2**50

    train(tmp_path, 1, 2, loader=dict(dataset=Huge(), num_workers=1), model=Queued())
    assert 'the queue of 100 entries' in log(tmp_path) and '/dev/shm has' in log(tmp_path)
