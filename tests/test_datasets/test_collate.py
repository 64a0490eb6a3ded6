"""Batches are stacked by the workers, and their values are those of mmengine's collation."""

from __future__ import annotations

import pytest
import torch
from helpers.commands import ROOT
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from avtss_mm.datasets import stack_inputs
from avtss_mm.engine.runner import AVRunner

CONFIG = Config.fromfile(ROOT / 'configs/_base_/models/av_encoder.py')
PREPROCESSOR = CONFIG.model.data_preprocessor


class Clips(Dataset):
    """Packed samples of two clips, with labels, or with as many clips as the index says."""

    def __init__(self, as_many: bool = False) -> None:
        self.as_many = as_many

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        clips = index + 1 if self.as_many else 2
        generator = torch.Generator().manual_seed(index)
        imgs = torch.randint(0, 256, (clips, 3, 4, 8, 8), generator=generator, dtype=torch.uint8)
        audios = torch.randn(clips, 1, 10, 8, generator=generator)
        sample = ActionDataSample(metainfo=dict(sample_idx=index)).set_gt_label(index)
        return dict(inputs=dict(imgs=imgs, audios=audios), data_samples=sample)


def load(collate, num_workers, dataset=None) -> list[dict]:
    return list(DataLoader(dataset or Clips(), 4, num_workers=num_workers, collate_fn=collate))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_preprocessed_batches_are_equal(num_workers):
    preprocess = MODELS.build(PREPROCESSOR)
    for stacked, plain in zip(load(stack_inputs, num_workers), load(pseudo_collate, 0)):
        assert isinstance(stacked['inputs']['imgs'], torch.Tensor)
        assert stacked['inputs']['imgs'].dtype == torch.uint8
        stacked, plain = preprocess(stacked), preprocess(plain)
        for name, tensor in plain['inputs'].items():
            assert stacked['inputs'][name].equal(tensor)
            assert stacked['inputs'][name].stride() == tensor.stride()
        for one, other in zip(stacked['data_samples'], plain['data_samples'], strict=True):
            assert one.gt_label.equal(other.gt_label) and one.sample_idx == other.sample_idx
            one.set_field(1, 'prediction')  # an ordinary sample


def test_a_single_input_is_stacked():
    (batch,) = DataLoader(
        [dict(inputs=torch.full((3,), i)) for i in range(4)], 4, collate_fn=stack_inputs
    )
    assert batch['inputs'].equal(torch.arange(4)[:, None].expand(4, 3))
    preprocess = MODELS.build(dict(type='ActionDataPreprocessor'))
    assert preprocess(dict(batch, data_samples=None))['inputs'].equal(batch['inputs'].float())


def test_a_config_of_another_package_names_it():
    loader = AVRunner.build_dataloader(
        dict(
            batch_size=2,
            dataset=[dict(inputs=torch.ones(3))] * 2,
            sampler=dict(type='DefaultSampler'),
            collate_fn=dict(type='stack_inputs', _scope_='mmaction'),  # as mmengine marks it
        )
    )
    assert next(iter(loader))['inputs'].shape == (2, 3)


@pytest.mark.parametrize('num_workers', [0, 1])
def test_inputs_of_different_shapes_stay_apart(num_workers):
    first, _ = load(stack_inputs, num_workers, Clips(as_many=True))
    assert [len(clips) for clips in first['inputs']['imgs']] == [1, 2, 3, 4]


@pytest.mark.parametrize('samples', [[1, 2], ['a', 'b'], [dict(imgs=torch.ones(2))] * 2])
def test_other_samples_are_only_collated(samples):
    assert stack_inputs(samples) == pseudo_collate(samples)
