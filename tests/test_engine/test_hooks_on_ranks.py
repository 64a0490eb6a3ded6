"""Hooks on two gloo ranks that differ."""

import os
from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmaction.structures import ActionDataSample
from mmengine.dataset import DefaultSampler

from avtss_mm.engine import EpochSeedHook, FiniteLossHook, SyncNormHook, TrainingStoppedError

pytestmark = pytest.mark.slow


def worker(rank, port, folder):
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    norm = torch.nn.BatchNorm1d(2)
    norm.running_mean[:] = rank + 1
    SyncNormHook().after_train_epoch(SimpleNamespace(model=torch.nn.Sequential(norm)))
    torch.save(
        [lose_on_second_rank(rank), share(round_up=True), share(round_up=False), norm.running_mean],
        f'{folder}/{rank}.pth',
    )
    dist.destroy_process_group()


def lose_on_second_rank(rank):
    hook, runner = FiniteLossHook(), SimpleNamespace(iter=4, epoch=0)
    for bad in (False, rank == 1):
        sample = ActionDataSample(metainfo=dict(filename=f'{rank}{bad}.mp4'))
        loss = torch.tensor(torch.inf if bad else 1.0)
        hook.after_train_iter(runner, 0, dict(data_samples=[sample]), dict(loss=loss))
    try:
        hook.after_train_epoch(runner)
    except TrainingStoppedError as error:
        return str(error)


def share(round_up):
    sampler = DefaultSampler(range(9), seed=0, round_up=round_up)
    try:
        EpochSeedHook().before_train(
            SimpleNamespace(train_dataloader=SimpleNamespace(sampler=sampler))
        )
    except TrainingStoppedError as error:
        return str(error)


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ranks')
    port = 20007 + os.getpid() % 20000
    mp.start_processes(worker, (port, folder), 2, start_method='fork')
    return [torch.load(folder / f'{rank}.pth') for rank in (0, 1)]


def test_all_stop_at_the_bad_loss_of_one_and_name_the_samples_of_all(ranks):
    for text, *_ in ranks:
        assert 'the loss is inf' in text and 'batch: 0False.mp4, 1True.mp4.' in text


def test_unequal_shares_are_refused_before_somebody_waits(ranks):
    for _, rounded, unequal, _ in ranks:
        assert rounded is None
        assert '[5, 4]' in unequal and 'round_up=True' in unequal


def test_statistics_of_batch_norm_become_equal(ranks):
    for *_, mean in ranks:
        assert mean.tolist() == [1.5, 1.5]
