"""SyncBatchNorm of two ranks on pretended CUDA tensors: the host does not wait for a mask."""

from __future__ import annotations

from unittest.mock import patch

import pytest
import torch
from helpers.pretend_cuda import needs_fake_cuda, pretend_cuda
from torch import nn
from torch.testing._internal.distributed.fake_pg import FakeStore

from avtss_mm.engine.runner import AVRunner, Runner
from avtss_mm.engine.sync_batch_norm import NeverEmptySyncBatchNorm, spare_waits


class BehindTheMask(Exception):
    pass


@pytest.fixture
def two_ranks():
    torch.distributed.init_process_group('fake', rank=0, world_size=2, store=FakeStore())
    yield
    torch.distributed.destroy_process_group()


@needs_fake_cuda
def test_it_waits_for_no_mask(two_ranks):
    capturing = torch.cuda.is_current_stream_capturing
    kernel = 'batch_norm_gather_stats_with_counts'  # comes after the mask, and needs a real GPU
    with pretend_cuda() as waits:
        with patch.object(waits, '_note'):  # of building
            model = nn.Sequential(nn.SyncBatchNorm(3)).to('cuda').train()
        clips = torch.zeros(0, 3, 2, 2, device='cuda')  # statistics of clips need a real GPU, too
        with (
            patch.object(torch, kernel, side_effect=BehindTheMask),
            patch.object(torch.cuda, 'is_available', return_value=True),
        ):
            with patch.object(torch.cuda, 'is_current_stream_capturing', return_value=False):
                with pytest.raises(AssertionError, match='a wait'):  # in torch's layer
                    model(clips)
            with pytest.raises(BehindTheMask):
                spare_waits(model)(clips)
        assert not waits.places
    assert torch.cuda.is_current_stream_capturing is capturing


def test_weights_and_other_layers_are_left_alone():
    model = nn.Sequential(nn.SyncBatchNorm(3), nn.BatchNorm2d(3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    spare_waits(model)
    assert type(model[0]) is NeverEmptySyncBatchNorm
    assert type(model[1]) is nn.BatchNorm2d
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())


def test_the_runner_does_so(monkeypatch):
    monkeypatch.setattr(Runner, 'wrap_model', lambda self, cfg, model: model)  # needs GPUs
    model = object.__new__(AVRunner).wrap_model(None, nn.Sequential(nn.SyncBatchNorm(3)))
    assert type(model[0]) is NeverEmptySyncBatchNorm
