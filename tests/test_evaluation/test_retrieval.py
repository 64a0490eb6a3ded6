"""Recall at k compared with a plain loop, with ties, duplicates and missing classes."""

import itertools
import math

import numpy as np
import pytest
import torch

from avtss_mm.evaluation import ClipRetrievalMetric
from avtss_mm.evaluation.functional import chance_of_recall, match_ranks


def slow_ranks(queries, query_labels, gallery, gallery_labels):
    ranks = []
    for query, label in zip(queries, query_labels):
        cosines = [float(g @ query / math.sqrt((g @ g) * (query @ query))) for g in gallery]
        right = [c for c, known in zip(cosines, gallery_labels) if known == label]
        wrong = [c for c, known in zip(cosines, gallery_labels) if known != label]
        if right:  # wrong ones first where they are as similar
            ranks.append(1 + sum(c > max(right) - 1e-6 for c in wrong))
        else:
            ranks.append(math.inf)
    return ranks


@pytest.mark.parametrize('seed', range(4))
def test_ranks_equal_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    gallery = rng.normal(size=(90, 4))
    gallery[30:60] = gallery[:30]  # duplicates, some with another label: exact ties
    gallery[60:70] *= 3  # the same direction at another length
    labels = rng.integers(0, 9, 90)
    queries = np.concatenate([rng.normal(size=(20, 4)), gallery[:20]])
    truth = rng.integers(0, 10, 40)  # label 9 is not in the gallery
    slow = slow_ranks(queries, truth, gallery, labels)
    for largest in (3, 12, 200):
        expected = [rank if rank <= largest else math.inf for rank in slow]
        assert match_ranks(queries, truth, gallery, labels, largest).tolist() == expected
        assert max(expected) == math.inf and min(expected) <= 2


def test_collapsed_features_find_nothing():
    same = np.ones((10, 3))
    labels = np.arange(10)
    assert match_ranks(same, labels, same, labels, 10).tolist() == [10] * 10
    assert match_ranks(same, labels, same, labels, 9).tolist() == [math.inf] * 10


@pytest.mark.parametrize('k', [1, 2, 4, 9])
def test_chance_is_the_mean_over_all_orders(k):
    gallery, queries = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 2, 2, 3])
    hits = [
        np.mean([label in order[:k] for label in queries])
        for order in itertools.permutations(gallery.tolist())
    ]
    assert chance_of_recall(queries, gallery, k) == pytest.approx(np.mean(hits))


def test_more_than_the_gallery_holds():
    metric = ClipRetrievalMetric(topk=(50,))
    samples = [sample('gallery', 0, video_feat=[1.0, 0.0])]
    samples += [sample('query', label, video_feat=[1.0, 0.0]) for label in (0, 7)]
    metric.process({}, samples)
    got = metric.evaluate(3)
    # class 7 is not in the gallery: not to be found, however far one looks
    assert got['retrieval/v2v_R@50'] == got['retrieval/v2v_R@50_chance'] == 0.5


def sample(subset, label, **features):
    row = dict(subset=subset, gt_label=torch.tensor([label]), filename=f'{subset}{label}')
    row.update({name: torch.tensor(value) for name, value in features.items()})
    return row


def test_within_and_across_modalities():
    east, north = [1.0, 0.0], [0.0, 1.0]
    near = [0.9, 0.1]
    samples = [
        sample('gallery', 0, video_feat=east, audio_feat=north, video_embedding=east),
        sample('gallery', 1, video_feat=north, audio_feat=east, audio_embedding=near),
        sample('query', 0, video_feat=near, video_embedding=east, audio_embedding=north),
        sample('query', 1, video_feat=near, video_embedding=near, audio_embedding=near),
        sample('query', 1, video_feat=north),  # no sound, no projection
    ]
    metric = ClipRetrievalMetric(topk=(1, 2))
    metric.process({}, samples)
    got = metric.evaluate(len(samples))
    assert got['retrieval/v2v_R@1'] == pytest.approx(2 / 3)
    assert got['retrieval/v2v_R@1_chance'] == pytest.approx(0.5)
    assert got['retrieval/v2v_R@2'] == 1
    assert 'retrieval/a2a_R@1' not in got  # no query has audio_feat
    assert got['retrieval/v2a_R@1'] == 0.5  # only class 1 has sound in the gallery
    assert got['retrieval/pair_v2a_R@1'] == 0.5  # both pictures find the second sound
    assert got['retrieval/pair_a2v_R@1_chance'] == 0.5


def test_needs_features():
    metric = ClipRetrievalMetric()
    metric.process({}, [sample('gallery', 0), sample('query', 0)])
    with pytest.raises(ValueError, match='found none of video_feat'):
        metric.evaluate(2)
