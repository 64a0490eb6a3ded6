"""Two and four gloo ranks with batch B compared with one rank with the whole batch, in float64."""

import os
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.hooks import SyncBuffersHook
from torch.utils._pytree import tree_leaves

from avtss_mm.models import FeatureQueue
from avtss_mm.models.heads.gather import gather_with_grad

pytestmark = pytest.mark.slow

STEPS = 4
NUM_VIDEOS = 8


def take(batch, rows):
    inputs, samples = batch
    return {k: v[rows].double() for k, v in inputs.items()}, [samples[i] for i in rows]


def norm_free(model):
    """Uses BatchNorm's running statistics, as batch statistics differ between ranks."""
    return model.double().eval()


@contextmanager
def recorded(calls):
    """Notes what a rank sends and receives: name of the collective, type and shape."""

    def note(name, stock):
        def collective(*args, **kwargs):
            tensors = [leaf for leaf in tree_leaves(args) if isinstance(leaf, torch.Tensor)]
            calls.append((name, [(t.dtype, tuple(t.shape)) for t in tensors]))
            return stock(*args, **kwargs)

        return collective

    names = ('all_reduce', 'all_gather', 'broadcast', 'all_gather_object')
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(patch.object(dist, name, note(name, getattr(dist, name))))
        yield


def run_steps(model, batches, rows):
    """Trains on given rows of each batch; returns losses, gradients of the last step and queues."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wrapped = model
    if dist.is_initialized():
        wrapped = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False)
    losses = []
    for batch, rows_of_batch in zip(batches, rows):
        torch.manual_seed(7)  # as EpochSeedHook does: equal on all ranks
        inputs, samples = take(batch, rows_of_batch)
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


def start(rank, port, world):
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group('gloo', rank=rank, world_size=world)


def worker(rank, port, world, cases, queue, folder):
    start(rank, port, world)
    results = {}
    for name, (model, batches) in cases.items():
        shares = [len(samples) // world for _, samples in batches]
        rows = [list(range(rank * n, (rank + 1) * n)) for n in shares]
        calls = []
        with recorded(calls):
            results[name] = dict(run_steps(model, batches, rows), calls=calls)
    hook = SyncBuffersHook()
    hook.distributed = True
    hook.after_train_epoch(type('Runner', (), dict(model=queue)))
    torch.save(dict(results=results, queue=queue.state_dict()), f'{folder}/{rank}.pth')
    dist.destroy_process_group()


@pytest.fixture
def cases(make_recognizer, make_batch):
    """Models and batches by name."""
    rng = np.random.default_rng(1)
    some = rng.random((NUM_VIDEOS, 2)) < 0.6
    one_rank = np.ones((NUM_VIDEOS, 2), bool)
    one_rank[NUM_VIDEOS // 2 :] = False  # half of the ranks have no sound
    settings = dict(
        everywhere=dict(has_audio=True),
        some=dict(has_audio=some),
        one_rank=dict(has_audio=one_rank),
        last_batch_smaller=dict(has_audio=True, sizes=[NUM_VIDEOS, NUM_VIDEOS, 4, NUM_VIDEOS]),
        temporal_only=dict(has_audio=some, contrastive_head=None),
    )

    def make(has_audio, sizes=(NUM_VIDEOS,) * STEPS, **overrides):
        batches = [
            make_batch(n, seed=s, has_audio=has_audio, first_id=NUM_VIDEOS * s)
            for s, n in enumerate(sizes)
        ]
        return norm_free(make_recognizer(**overrides)), batches

    return {name: make(**setting) for name, setting in settings.items()}


@pytest.mark.parametrize('world', [2, 4])
def test_several_ranks_equal_one(cases, tmp_path, world):
    queue = FeatureQueue(7, 4)
    queue.enqueue(torch.nn.functional.normalize(torch.randn(5, 4), dim=1), torch.arange(5) + 10**6)
    port = 20000 + (os.getpid() + world) % 20000
    # fork: a spawned process would take seconds to import everything
    mp.start_processes(worker, (port, world, cases, queue, tmp_path), world, start_method='fork')
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in range(world)]

    for name, (model, batches) in cases.items():
        one = run_steps(model, batches, [list(range(len(samples))) for _, samples in batches])
        several = [rank['results'][name] for rank in ranks]
        calls = [rank['calls'] for rank in several]
        assert len(calls[0]) > STEPS and calls == calls[:1] * world, name  # or they wait for ever
        mean_loss = torch.stack([rank['losses'] for rank in several]).mean(dim=0)
        assert mean_loss.allclose(one['losses'], rtol=1e-10, atol=0), name
        for rank in several:
            for key, grad in one['grads'].items():
                if grad is None:
                    assert rank['grads'][key] is None, (name, key)
                    continue
                assert grad.dtype == torch.float64
                apart = float((rank['grads'][key] - grad).norm())
                assert apart <= 1e-10 * float(grad.norm()), (name, key, apart)
            for modality, state in one['queues'].items():
                for key, value in state.items():
                    got = rank['queues'][modality][key].double()
                    assert got.allclose(value.double(), rtol=0, atol=1e-10), (name, modality, key)
        if name == 'everywhere':
            assert one['queues']['video']['num_enqueued'] == NUM_VIDEOS * STEPS

    # mmaction2's SyncBuffersHook averages all buffers over the ranks: equal ones stay as they are
    for rank in ranks:
        for key, value in rank['queue'].items():
            assert value.equal(queue.state_dict()[key]), key


def test_gather_of_one_rank_is_the_identity():
    x = torch.randn(3, 2, requires_grad=True)
    (gather_with_grad(x) * torch.arange(6).view(3, 2)).sum().backward()
    assert x.grad.equal(torch.arange(6).view(3, 2).float())
