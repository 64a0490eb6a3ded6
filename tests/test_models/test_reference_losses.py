"""Losses, gradients and draws of every variant, compared with numbers recorded from earlier code.

The slow loops of ``test_contrastive_head.py`` say what is right; this says that nothing moved.
Floats agree on any processor up to rounding, draws are exact. After a change that is meant to move
them, ``python tests/test_models/test_reference_losses.py`` writes the file again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.logging import MessageHub

from avtss_mm.models import FeatureQueue

FILE = Path(__file__).with_name('reference_losses.json')
NUM, DIM, LENGTH = 6, 8, 30
SOME = [[True, True], [True, False], [False, False], [True, True], [False, True], [True, True]]
NEIGHBORS = dict(
    num_positives=2,
    positive_ranks=(1, 4),
    num_negatives=9,
    negative_ranks=(5, 20),
    neighbor_start_epoch=1,
)
HEADS = {  # arguments of the head, and what differs in the batch
    'no_neighbors': (dict(num_positives=0, num_negatives=0), {}),
    'neighbors': (NEIGHBORS, {}),
    'positives': (dict(NEIGHBORS, num_negatives=0), {}),
    'negatives': (dict(NEIGHBORS, num_positives=0), {}),
    'before_start': (dict(NEIGHBORS, neighbor_start_epoch=2), {}),
    'queue_not_full': (NEIGHBORS, dict(entries=LENGTH - 1)),
    'no_queue': (NEIGHBORS, dict(entries=None)),
    'repeated_video': (NEIGHBORS, dict(ids=[0, 1, 2, 3, 3, 0])),
    'some_silent': (NEIGHBORS, dict(sound=SOME)),
    'all_silent': (NEIGHBORS, dict(sound=[[False, False]] * NUM)),
    'other_window': (dict(NEIGHBORS, same_window=False), {}),
    'a2a': (dict(NEIGHBORS, loss_weight=dict(a2a=0.3)), dict(sound=SOME)),
    'video_only': (dict(NEIGHBORS, loss_weight=dict(v2a=0, a2v=0)), dict(modalities=['video'])),
    'replace_target': (dict(NEIGHBORS, replace_target=True), dict(sound=SOME)),
    'agreement': (dict(NEIGHBORS, agreement=True), dict(sound=SOME)),
    'agreement_other_window': (dict(NEIGHBORS, agreement=True, same_window=False), {}),
    'agreement_replace_target': (dict(NEIGHBORS, agreement=True, replace_target=True), {}),
    'agreement_a2a': (dict(NEIGHBORS, agreement=True, loss_weight=dict(a2a=1)), {}),
}


def unit(*shape: int, seed: int) -> torch.Tensor:
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return F.normalize(x, dim=-1)


def run_head(name: str) -> dict:
    """Runs the head; returns its results and everything that it changes."""
    arguments, batch = HEADS[name]
    batch = {'ids': list(range(NUM)), 'sound': [[True, True]] * NUM, 'entries': LENGTH, **batch}
    head = MODELS.build(dict(type='mmaction.ContrastiveHead', temperature=0.1, **arguments))
    z, queues = {}, {}
    for seed, modality in enumerate(batch.get('modalities', ['video', 'audio'])):
        z[modality] = unit(NUM, 2, DIM, seed=seed).requires_grad_()
        if batch['entries']:
            queues[modality] = FeatureQueue(LENGTH, DIM).double()
            ids = torch.arange(batch['entries']) % 13
            queues[modality].enqueue(unit(batch['entries'], DIM, seed=7 + seed), ids)
    valid = dict(video=torch.ones(NUM, 2).bool(), audio=torch.tensor(batch['sound']))
    valid = {modality: valid[modality] for modality in z}
    MessageHub.get_current_instance().update_info('epoch', 1)
    torch.manual_seed(3)
    results = head.loss(z, valid, torch.tensor(batch['ids']), queues)
    after = dict(next_draws=torch.randint(2**20, (3,)))
    torch.autograd.backward([v for k, v in results.items() if k.startswith('loss_')])
    after.update({f'gradient_{k}': v.grad for k, v in z.items()})
    for modality, queue in queues.items():
        after.update({f'queue_{modality}_{k}': v for k, v in queue.state_dict().items()})
    return {**results, **after}


def run_recognizer(make_recognizer, make_batch) -> dict:
    """Runs three steps of the whole method; the last one uses neighbours."""
    MessageHub.get_current_instance().update_info('epoch', 0)
    model = make_recognizer().double()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    everything = {}
    for step in range(3):
        inputs, samples = make_batch(8, seed=step, first_id=8 * step, has_audio=[[True, step != 1]])
        inputs = {k: v.double() for k, v in inputs.items()}
        torch.manual_seed(step)
        results = model(inputs, samples, mode='loss')
        loss, _ = model.parse_losses(results)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        everything.update({f'{step}_{k}': v for k, v in results.items()})
    everything['next_draws'] = torch.randint(2**20, (3,))
    everything.update({f'gradient_{k}': p.grad for k, p in model.named_parameters()})
    everything.update({k: v for k, v in model.state_dict().items() if k.startswith('queues.')})
    return everything


def summary(values: dict[str, torch.Tensor]) -> dict[str, list]:
    """Small tensors as they are; the norm and some values of large ones."""
    short = {}
    for name, value in values.items():
        flat = value.detach().flatten()
        if flat.is_floating_point() and len(flat) > 4:
            flat = torch.cat([flat.norm()[None], flat[:: len(flat) // 3 + 1]])
        short[name] = flat.tolist()
    return short


def check(name: str, values: dict[str, torch.Tensor]) -> None:
    expected, got = json.loads(FILE.read_text())[name], summary(values)
    assert set(got) == set(expected)
    for key, value in got.items():
        close = pytest.approx(expected[key], rel=1e-5, abs=1e-9)
        assert value == (close if values[key].is_floating_point() else expected[key]), (name, key)


@pytest.mark.parametrize('name', HEADS)
def test_head_is_what_it_was(name):
    check(name, run_head(name))


def test_recognizer_is_what_it_was(make_recognizer, make_batch):
    check('recognizer', run_recognizer(make_recognizer, make_batch))


if __name__ == '__main__':
    from conftest import batch_of, recognizer

    names = {name: summary(run_head(name)) for name in HEADS}
    names['recognizer'] = summary(run_recognizer(recognizer, batch_of))
    lines = [f'"{name}": {json.dumps(values)}' for name, values in names.items()]
    FILE.write_text('{\n' + ',\n'.join(lines) + '\n}\n')
