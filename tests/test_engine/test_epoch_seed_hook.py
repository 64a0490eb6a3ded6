"""The hook in a real training loop: new samples in each epoch, and exact resuming."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.commands import ROOT
from mmengine.config import Config
from mmengine.dataset import ConcatDataset
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from avtss_mm.engine import EpochSeedHook


class Recorder(Dataset):
    """A data set with an epoch; its samples are (epoch, seed, index)."""

    metainfo: dict = {}

    def __init__(self) -> None:
        self.epoch, self.seed = 0, 0

    def set_epoch(self, epoch, seed):
        self.epoch, self.seed = epoch, seed

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return dict(inputs=[self.epoch, self.seed, index])

    def full_init(self):
        pass


class Dreamer(BaseModel):
    """A model that draws from all generators and records what it saw and drew."""

    def __init__(self, seen) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = seen

    def forward(self, inputs, mode='loss'):
        samples = torch.stack(inputs).T.tolist()  # one (epoch, seed, index) a sample
        self.seen.append((samples, torch.rand(1).item(), np.random.rand()))
        return dict(loss=(self.weight * torch.rand(1)).sum())


def run(work_dir, epochs, dataset, hook=True, seed=11, **options):
    """Trains; returns what the model saw and drew, in order."""
    seen = []
    Runner(
        model=Dreamer(seen),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=dataset,
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=True),
            collate_fn=dict(type='default_collate'),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        custom_hooks=[EpochSeedHook()] if hook else [],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        randomness=dict(seed=seed),
        experiment_name=f'{work_dir.name}-{epochs}-{len(options)}-{hook}',
        **options,
    ).train()
    return seen


def test_each_epoch_has_its_number_seed_and_draws(tmp_path):
    seen = run(tmp_path, 2, Recorder())
    numbers = [[row[:2] for row in inputs] for inputs, _, _ in seen]
    assert numbers == [[[0, 11]] * 2] * 2 + [[[1, 11]] * 2] * 2
    assert len({draw for _, draw, _ in seen}) == 4


def test_data_sets_inside_wrappers_hear_of_it(tmp_path):
    wrapper = ConcatDataset.__new__(ConcatDataset)
    torch.utils.data.ConcatDataset.__init__(wrapper, [Recorder(), Recorder()])
    wrapper._metainfo, wrapper._fully_initialized = {}, True
    seen = run(tmp_path, 2, wrapper)
    epochs = [row[0] for samples, _, _ in seen for row in samples]
    assert epochs == [0] * 8 + [1] * 8


@pytest.mark.parametrize('hook', [True, False])
def test_resumed_run_goes_on_like_the_unbroken_one(tmp_path, hook):
    unbroken = run(tmp_path / 'unbroken', 3, Recorder(), hook)
    run(tmp_path / 'broken', 2, Recorder(), hook)
    resumed = run(tmp_path / 'broken', 3, Recorder(), hook, resume=True)
    assert (resumed == unbroken[4:]) is hook  # without the hook it would not


def test_a_resumed_run_keeps_its_seed(tmp_path):
    unbroken = run(tmp_path / 'unbroken', 3, Recorder(), seed=5)
    run(tmp_path / 'broken', 2, Recorder(), seed=5)
    resumed = run(tmp_path / 'broken', 3, Recorder(), resume=True)  # the config says 11
    assert resumed == unbroken[4:]


TRAININGS = sorted((ROOT / 'configs/pretrain').glob('*.py')) + [
    ROOT / 'configs' / name
    for name in (
        'demo/avtss_toy.py',
        'demo/finetune_toy.py',
        'finetune/r2plus1d_ucf101_split1.py',
        'mixed/late_fusion_vggsound.py',
        'mixed/audio_recognizer_esc50_fold1.py',
    )
]


@pytest.mark.parametrize('path', TRAININGS, ids=lambda path: path.stem)
def test_hooks_of_a_user_do_not_replace_it(path, tmp_path):
    config = tmp_path / 'mine.py'
    config.write_text(f"_base_ = '{path}'\ncustom_hooks = [dict(type='EMAHook')]\n")
    types = {hook['type'] for hook in Config.fromfile(config).default_hooks.values()}
    assert {'EpochSeedHook', 'UnreadableFilesHook'} <= types
