"""Two gloo ranks with batch B against one rank with batch 2B, in float64."""

import copy
import os

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.hooks import SyncBuffersHook

from avtss_mm.models import FeatureQueue
from avtss_mm.models.heads.gather import gather_with_grad

STEPS = 4
NUM_VIDEOS = 8


def take(batch, rows):
    inputs, samples = batch
    return {k: v[rows].double() for k, v in inputs.items()}, [samples[i] for i in rows]


def norm_free(model):
    """BatchNorm on its running statistics: plain BN of two ranks cannot equal one rank's."""
    return model.double().eval()


def run_steps(model, batches, rows):
    """Train and return losses, gradients of the last step and queues."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wrapped = model
    if dist.is_initialized():
        wrapped = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False)
    losses = []
    for batch in batches:
        torch.manual_seed(7)  # as EpochSeedHook does: equal on all ranks
        inputs, samples = take(batch, rows)
        results = wrapped(inputs=inputs, data_samples=samples, mode='loss')
        loss, _ = model.parse_losses(results)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return dict(
        losses=torch.stack(losses),
        grads={n: p.grad for n, p in model.named_parameters()},
        queues={n: q.state_dict() for n, q in model.queues.items()},
    )


def start(rank, port):
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=2)


def worker(rank, port, cases, queue, folder):
    start(rank, port)
    half = NUM_VIDEOS // 2
    results = {}
    for name, (model, batches) in cases.items():
        model = copy.deepcopy(model)  # what spawn hands over is shared by the two processes
        results[name] = run_steps(model, batches, list(range(rank * half, (rank + 1) * half)))
    hook = SyncBuffersHook()
    hook.distributed = True
    hook.after_train_epoch(type('Runner', (), dict(model=queue)))
    torch.save(dict(results=results, queue=queue.state_dict()), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


@pytest.fixture
def has_audio():
    everywhere = np.ones((NUM_VIDEOS, 2), bool)
    some = np.random.default_rng(1).random((NUM_VIDEOS, 2)) < 0.6
    one_rank = everywhere.copy()
    one_rank[NUM_VIDEOS // 2 :] = False
    return dict(everywhere=everywhere, some=some, one_rank=one_rank)


def test_two_ranks_equal_one(make_recognizer, make_batch, tmp_path, has_audio):
    cases, expected = {}, {}
    for name, sound in has_audio.items():
        batches = [
            make_batch(NUM_VIDEOS, seed=s, has_audio=sound, first_id=NUM_VIDEOS * s)
            for s in range(STEPS)
        ]
        expected[name] = run_steps(norm_free(make_recognizer()), batches, list(range(NUM_VIDEOS)))
        cases[name] = norm_free(make_recognizer()), batches
    queue = FeatureQueue(7, 4)
    queue.enqueue(torch.nn.functional.normalize(torch.randn(5, 4), dim=1), torch.arange(5) + 10**6)
    port = 20000 + os.getpid() % 20000
    mp.spawn(worker, (port, cases, queue, tmp_path), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]

    for name, one in expected.items():
        two = [rank['results'][name] for rank in ranks]
        mean_loss = (two[0]['losses'] + two[1]['losses']) / 2
        assert mean_loss.allclose(one['losses'], rtol=1e-10, atol=0), name
        for rank in two:
            for key, grad in one['grads'].items():
                assert rank['grads'][key].allclose(grad, rtol=1e-8, atol=1e-11), (name, key)
            for modality, state in one['queues'].items():
                for key, value in state.items():
                    got = rank['queues'][modality][key].double()
                    assert got.allclose(value.double(), rtol=0, atol=1e-10), (name, modality, key)
        assert one['queues']['video']['num_enqueued'] == NUM_VIDEOS * STEPS

    # mmaction2's SyncBuffersHook averages all buffers over the ranks: equal ones stay as they are
    for rank in ranks:
        for key, value in rank['queue'].items():
            assert value.equal(queue.state_dict()[key]), key


def test_gather_of_one_rank_is_the_identity():
    x = torch.randn(3, 2, requires_grad=True)
    (gather_with_grad(x) * torch.arange(6).view(3, 2)).sum().backward()
    assert x.grad.equal(torch.arange(6).view(3, 2).float())
