import copy
import math

import pytest
import torch
from helpers.contrastive_batch import (
    TAU,
    NearestInAgreement,
    embeddings,
    everywhere,
    filled_queues,
    unit,
)
from mmengine.logging import MessageHub

from avtss_mm.models import (
    AgreementContrastiveHead,
    ContrastiveHead,
    FeatureQueue,
    NearestNeighborContrastiveHead,
)


@pytest.fixture(autouse=True)
def epoch_zero():
    MessageHub.get_current_instance().update_info('epoch', 0)


def d(x, y):
    return math.exp(float(x @ y) / TAU)


def plain_nt_xent(queries, targets, ids=None):
    """NT-Xent from one set to another in a plain loop."""
    total = 0.0
    ids = range(len(targets)) if ids is None else ids
    for i, query in enumerate(queries):
        positive = d(query, targets[i])
        negatives = sum(d(query, targets[j]) for j in range(len(targets)) if ids[j] != ids[i])
        total -= math.log(positive / (positive + negatives))
    return total / len(queries)


@pytest.mark.parametrize('same', [True, False])
def test_without_neighbours_it_is_nt_xent(same):
    z, weight = embeddings(), dict(a2a=0.3)
    head = ContrastiveHead(TAU, 0, num_negatives=0, loss_weight=weight, same_window=same)
    results = head.loss(z, everywhere(), torch.arange(6), {})
    v, a = z['video'], z['audio']
    expected = dict(
        v2v=0.5 * (plain_nt_xent(v[:, 0], v[:, 1]) + plain_nt_xent(v[:, 1], v[:, 0])),
        v2a=0.5 * 0.5 * sum(plain_nt_xent(v[:, k], a[:, k if same else 1 - k]) for k in (0, 1)),
        a2v=0.5 * 0.5 * sum(plain_nt_xent(a[:, k], v[:, k if same else 1 - k]) for k in (0, 1)),
        a2a=0.3 * 0.5 * (plain_nt_xent(a[:, 0], a[:, 1]) + plain_nt_xent(a[:, 1], a[:, 0])),
    )
    for name, value in expected.items():
        assert results[f'loss_{name}'].item() == pytest.approx(value, rel=1e-9), name


def slow_loss(z, queues, head, seed):
    """The loss l(z_i) with neighbours in a plain loop, with the draws of the head."""
    torch.manual_seed(seed)
    num = len(z['video'])
    totals = {}
    for name, query_of, target_of in (
        ('v2v', 'video', 'video'),
        ('v2a', 'video', 'audio'),
        ('a2v', 'audio', 'video'),
    ):
        losses = []
        for window in (0, 1):
            other = 1 - window if query_of == target_of else window
            queries, targets = z[query_of][:, window], z[target_of][:, other]
            queue = queues[target_of]
            agree = isinstance(head, AgreementContrastiveHead)
            judges = ('video', 'audio') if agree else (target_of,)
            first, last = head.positive_ranks
            positive_ranks = torch.randint(first - 1, last, (num, head.num_positives))
            first, last = head.negative_ranks
            negative_ranks = torch.randint(first - 1, last, (num, head.num_negatives))
            for i in range(num):
                entries = [p for p in range(queue.length) if queue.ids[p] not in (i, -1)]
                likeness = {
                    p: min(float(z[m][i, other] @ queues[m].features[p]) for m in judges)
                    for p in entries
                }
                order = sorted(entries, key=lambda p: -likeness[p])
                replace = isinstance(head, NearestNeighborContrastiveHead)
                positives = [] if replace else [targets[i]]
                positives += [queue.features[order[r]] for r in positive_ranks[i].tolist()]
                negatives = [targets[j] for j in range(num) if j != i]
                negatives += [queue.features[order[r]] for r in negative_ranks[i].tolist()]
                rest = sum(d(queries[i], n) for n in negatives)
                terms = [-math.log(d(queries[i], p) / (d(queries[i], p) + rest)) for p in positives]
                losses.append(sum(terms) / len(positives))
        totals[name] = head.loss_weight[name] * sum(losses) / len(losses)
    return totals


@pytest.mark.parametrize(
    'num_positives,num_negatives,kind',
    [
        (1, 12, ContrastiveHead),
        (3, 0, ContrastiveHead),
        (0, 7, ContrastiveHead),
        (2, 0, NearestNeighborContrastiveHead),
        (1, 12, AgreementContrastiveHead),
        (2, 5, NearestInAgreement),
    ],
)
def test_with_neighbours_it_is_the_slow_loop(num_positives, num_negatives, kind):
    head = kind(TAU, num_positives, (1, 4), num_negatives, (6, 20), 0)
    z, queues = embeddings(), filled_queues()
    expected = slow_loss(z, queues, head, seed=3)
    torch.manual_seed(3)
    results = head.loss(z, everywhere(), torch.arange(6), queues)
    for name, value in expected.items():
        assert results[f'loss_{name}'].item() == pytest.approx(value, rel=1e-9), name
    assert results['chance_nce'].item() == pytest.approx(math.log(1 + 5 + num_negatives))


def test_entries_of_the_own_video_are_never_drawn():
    z = embeddings(num=2)
    ids = torch.tensor([0, 1] * 15)  # every entry is of one of the two videos
    head = ContrastiveHead(TAU, 1, (1, 3), 4, (4, 12), neighbor_start_epoch=0)
    queues = filled_queues(ids=ids)
    with torch.no_grad():  # entries of video 0 that would change any loss they enter
        for queue in queues.values():
            queue.features[queue.ids == 0] = float('nan')
    for video, excluded in ((0, True), (1, False)):
        rows = {name: value[video : video + 1] for name, value in z.items()}
        results = head.loss(rows, everywhere(1), torch.tensor([video]), copy.deepcopy(queues))
        for name in ('v2v', 'v2a', 'a2v'):
            assert results[f'loss_{name}'].isnan() != excluded


def test_a_video_twice_in_a_batch_is_no_negative_of_itself():
    head = ContrastiveHead(TAU, 0, num_negatives=0)
    z, ids = embeddings(num=4), [0, 1, 2, 0]
    results = head.loss(z, everywhere(4), torch.tensor(ids), {})
    expected = [plain_nt_xent(z['video'][:, k], z['audio'][:, k], ids) for k in (0, 1)]
    assert results['loss_v2a'].item() == pytest.approx(0.5 * sum(expected) / 2, rel=1e-9)


def test_random_features_give_the_chance_level():
    num, dim = 256, 128
    z = {name: unit(num, 2, dim, seed=i) for i, name in enumerate(('video', 'audio'))}
    head = ContrastiveHead(num_positives=0, num_negatives=0, temperature=1.0)
    results = head.loss(z, everywhere(num), torch.arange(num), {})
    chance = results['chance_nce'].item()
    assert chance == pytest.approx(math.log(num))
    for name, weight in dict(v2v=1, v2a=0.5, a2v=0.5).items():
        assert results[f'loss_{name}'].item() / weight == pytest.approx(chance, abs=0.02)
        assert results[f'top1_{name}'].item() < 5 / num


def test_silent_clips_take_part_in_video_terms_only():
    z = embeddings()
    valid = everywhere()
    valid['audio'][2] = False
    head = ContrastiveHead(TAU, num_positives=0, num_negatives=0)
    results = head.loss(z, valid, torch.arange(6), {})
    sum(v for k, v in results.items() if 'loss' in k).backward()
    assert z['audio'].grad[2].abs().max() == 0
    assert z['audio'].grad[3].abs().max() > 0
    assert z['video'].grad[2].abs().max() > 0
    keep = [0, 1, 3, 4, 5]
    v, a = z['video'][keep], z['audio'][keep]
    expected = 0.5 * 0.5 * sum(plain_nt_xent(v[:, k], a[:, k]) for k in (0, 1))
    assert results['loss_v2a'].item() == pytest.approx(expected, rel=1e-9)


def test_a_batch_without_any_sound_has_finite_losses():
    z, valid = embeddings(), everywhere()
    valid['audio'][:] = False
    queues = filled_queues()
    results = ContrastiveHead(TAU, 1, (1, 3), 4, (4, 9), 0).loss(z, valid, torch.arange(6), queues)
    total = sum(v for k, v in results.items() if 'loss' in k)
    total.backward()
    assert results['loss_v2a'] == 0 and results['loss_v2v'] > 0
    assert z['video'].grad.isfinite().all() and z['audio'].grad.abs().max() == 0
    assert (queues['audio'].ids == -1).sum() == 6  # they can never be neighbours


def test_neighbours_wait_for_epoch_and_full_queue():
    head = ContrastiveHead(TAU, 1, (1, 3), 4, (4, 9), neighbor_start_epoch=2)
    half = {n: FeatureQueue(30, 8).double() for n in ('video', 'audio')}
    alone = math.log(1 + 5)

    def chance(queues):
        return head.loss(embeddings(), everywhere(), torch.arange(6), queues)['chance_nce'].item()

    MessageHub.get_current_instance().update_info('epoch', 1)
    assert chance(filled_queues()) == pytest.approx(alone)
    MessageHub.get_current_instance().update_info('epoch', 2)
    assert chance(half) == pytest.approx(alone)
    assert chance(filled_queues()) == pytest.approx(math.log(1 + 5 + 4))


def test_video_alone_searches_its_own_queue():
    head = ContrastiveHead(TAU, 1, (1, 3), 4, (4, 9), 0, dict(v2a=0, a2v=0))
    queues = dict(filled_queues(), audio=FeatureQueue(30, 8))
    z = dict(video=unit(6, 2, 8))
    results = head.loss(z, everywhere(), torch.arange(6), queues)
    assert results['chance_nce'].item() == pytest.approx(math.log(1 + 5 + 4))
    assert queues['video'].num_enqueued == 36 and queues['audio'].num_enqueued == 0


def test_unknown_term_and_wrong_ranks_are_refused():
    with pytest.raises(ValueError, match='loss_weight has the keys'):
        ContrastiveHead(loss_weight=dict(v2x=1))
    with pytest.raises(ValueError, match='ranks must be'):
        ContrastiveHead(positive_ranks=(0, 5))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_absent_negatives_have_no_effect_in_half_precision(dtype):
    z = {name: value.detach().to(dtype) for name, value in embeddings().items()}
    valid = dict(everywhere(), audio=torch.tensor([[True, False]] * 6))
    head = ContrastiveHead(TAU, 0, num_negatives=0)
    half = head.loss(z, valid, torch.arange(6), {})
    whole = head.loss({k: v.float() for k, v in z.items()}, valid, torch.arange(6), {})
    for name, value in whole.items():
        assert half[name].item() == pytest.approx(value.item(), rel=0.02), name
