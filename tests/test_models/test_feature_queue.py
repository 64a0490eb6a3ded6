import copy

import pytest
import torch
import torch.nn.functional as F

from avtss_mm.models import FeatureQueue
from avtss_mm.models.memories import feature_queue


def unit(*shape, seed=0):
    return F.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def test_first_in_first_out_over_the_end():
    queue = FeatureQueue(length=5, feat_dim=2)
    rows = unit(12, 2)
    for start in range(0, 12, 3):
        assert queue.is_full == (start >= 5)
        queue.enqueue(rows[start : start + 3], torch.arange(start, start + 3))
    assert sorted(queue.ids.tolist()) == [7, 8, 9, 10, 11]
    for place, video_id in enumerate(queue.ids.tolist()):
        assert queue.features[place].equal(rows[video_id])


@pytest.mark.parametrize('seed', range(3))
def test_nearest_equals_brute_force(seed):
    queue = FeatureQueue(length=40, feat_dim=6)
    ids = torch.randint(-1, 12, (40,), generator=torch.Generator().manual_seed(seed))
    queue.enqueue(unit(40, 6, seed=seed), ids)
    targets, target_ids = unit(7, 6, seed=seed + 99), torch.arange(7)
    places, found = queue.nearest(targets, target_ids, 40)
    for i in range(7):
        candidates = []
        for place in range(40):
            if ids[place] >= 0 and ids[place] != target_ids[i]:
                similarity = float((targets[i] * queue.features[place]).sum())
                candidates.append((-similarity, place))
        expected = [place for _, place in sorted(candidates)]
        assert places[i][found[i]].tolist() == expected


def test_agreeing_entries_are_alike_in_both():
    queues = [FeatureQueue(length=20, feat_dim=4) for _ in range(2)]
    for i, queue in enumerate(queues):
        queue.enqueue(unit(20, 4, seed=i), torch.arange(20).where(torch.arange(20) != 5 + i, -1))
    targets, ids = [unit(3, 4, seed=9), unit(3, 4, seed=10)], torch.tensor([0, 1, 30])
    agreeing = queues[1].similarity(targets[1], ids)
    places, found = queues[0].nearest(targets[0], ids, 20, agreeing)
    for i in range(3):
        smaller = torch.minimum(*(q.features @ t[i] for q, t in zip(queues, targets)))
        order = smaller.argsort(descending=True).tolist()
        assert places[i][found[i]].tolist() == [p for p in order if p not in (5, 6, ids[i].item())]


def test_own_video_and_empty_places_are_never_found():
    queue = FeatureQueue(length=8, feat_dim=4)
    queue.enqueue(unit(5, 4), torch.tensor([3, 3, -1, 4, 5]))
    places, found = queue.nearest(queue.features[:1], torch.tensor([3]), 8)
    assert sorted(places[0][found[0]].tolist()) == [3, 4]


def test_state_survives_bit_for_bit():
    queue = FeatureQueue(length=4, feat_dim=3)
    queue.enqueue(unit(3, 3), torch.tensor([1, 2, 3]))
    restored = FeatureQueue(length=4, feat_dim=3)
    restored.load_state_dict(copy.deepcopy(queue.state_dict()))
    for one in (queue, restored):
        one.enqueue(unit(3, 3, seed=5), torch.tensor([7, 8, 9]))
    for name, value in queue.state_dict().items():
        assert value.equal(restored.state_dict()[name]), name
    assert restored.is_full


def test_loading_an_emptier_queue_is_noticed():
    queue = FeatureQueue(length=2, feat_dim=3)
    queue.enqueue(unit(2, 3), torch.tensor([1, 2]))
    assert queue.is_full
    queue.load_state_dict(FeatureQueue(length=2, feat_dim=3).state_dict())
    assert not queue.is_full


def test_batch_larger_than_queue_is_refused():
    with pytest.raises(ValueError, match='does not fit into a queue of 4'):
        FeatureQueue(4, 2).enqueue(unit(5, 2), torch.arange(5))


def test_a_queue_searched_in_blocks(monkeypatch):
    queue = FeatureQueue(length=50, feat_dim=6)
    queue.enqueue(unit(50, 6), torch.arange(50) % 45 - 1)
    targets, ids = unit(4, 6, seed=1), torch.tensor([0, 1, 2, 99])
    agreeing = queue.similarity(unit(4, 6, seed=2), ids)
    for options in ((8,), (50,), (20, agreeing)):
        places, found = queue.nearest(targets, ids, *options)
        monkeypatch.setattr(feature_queue, 'BLOCK', 7)
        in_blocks, found_in_blocks = queue.nearest(targets, ids, *options)
        monkeypatch.undo()
        assert found.equal(found_in_blocks) and found.sum() > 20
        assert places[found].equal(in_blocks[found])


def test_another_stretch_is_searched_at_each_step(monkeypatch):
    monkeypatch.setattr(feature_queue, 'BLOCK', 5)
    queue = FeatureQueue(length=30, feat_dim=6, search_length=12)
    starts = set()
    for step in range(20):
        queue.enqueue(unit(10, 6, seed=step), torch.arange(10) + 10 * (step % 3))
        if not queue.is_full:
            continue
        targets, ids = unit(4, 6, seed=99), torch.tensor([0, 11, 22, 99])
        places, found = queue.nearest(targets, ids, 12)
        again = FeatureQueue(length=30, feat_dim=6, search_length=12)
        again.load_state_dict(queue.state_dict())
        assert places.equal(again.nearest(targets, ids, 12)[0])  # also after a resume
        stretch = places[3].sort().values  # of a video that the queue does not hold: all
        (start,) = (p for p in stretch.tolist() if (p - 1) % 30 not in stretch)
        assert sorted((start + k) % 30 for k in range(12)) == stretch.tolist()
        similarity = queue.similarity(targets, ids)[:, stretch]
        best = stretch[similarity.argsort(dim=1, descending=True)]
        assert places[found].equal(best[found])
        starts.add(start)
    assert len(starts) > 10


@pytest.mark.parametrize('length', [-1, 31])
def test_a_stretch_longer_than_the_queue_is_refused(length):
    with pytest.raises(ValueError, match=f'search_length must be 1 to 30, got {length}'):
        FeatureQueue(30, 6, search_length=length)


def test_products_with_chosen_entries(monkeypatch):
    monkeypatch.setattr(feature_queue, 'ELEMENTS', 60)  # two rows at once
    queue = FeatureQueue(length=30, feat_dim=5).double()
    queue.enqueue(unit(30, 5).double(), torch.arange(30))
    queries = unit(5, 5, seed=3).double().requires_grad_()
    places = torch.randint(0, 30, (5, 6), generator=torch.Generator().manual_seed(0))
    expected = (queries @ queue.features.T).gather(1, places)
    assert torch.allclose(queue.compare(queries, places), expected)
    assert torch.autograd.gradcheck(lambda x: queue.compare(x, places), queries)
