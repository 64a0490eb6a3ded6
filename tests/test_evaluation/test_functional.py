import numpy as np
import pytest

from avtss_mm.evaluation.functional import join_modalities, knn_accuracy, majority_share


def slow_knn(gallery, labels, queries, query_labels, k, temperature):
    right = 0
    for query, truth in zip(queries, query_labels):
        similarity = [float(g @ query / np.linalg.norm(g) / np.linalg.norm(query)) for g in gallery]
        nearest = sorted(range(len(gallery)), key=lambda i: -similarity[i])[:k]
        votes = {}
        for i in nearest:
            votes[labels[i]] = votes.get(labels[i], 0) + np.exp(similarity[i] / temperature)
        right += max(votes, key=votes.get) == truth
    return right / len(queries)


@pytest.mark.parametrize('k', [1, 5, 20, 500])
def test_knn_equals_a_plain_loop(k):
    rng = np.random.default_rng(k)
    gallery, queries = rng.normal(size=(120, 6)), rng.normal(size=(40, 6))
    labels, truth = rng.integers(0, 4, 120), rng.integers(0, 4, 40)
    got = knn_accuracy(gallery, labels, queries, truth, k, 0.07)
    assert got == slow_knn(gallery, labels, queries, truth, k, 0.07)
    assert 0.05 < got < 0.6  # random features: neither all right nor all wrong


def test_joined_modalities_weigh_the_same():
    rng = np.random.default_rng(0)
    joined = join_modalities(rng.normal(size=(5, 3)) * 100, rng.normal(size=(5, 4)))
    assert np.allclose(np.linalg.norm(joined[:, :3], axis=1), 1)
    assert np.allclose(np.linalg.norm(joined[:, 3:], axis=1), 1)


def test_majority_share():
    assert majority_share(np.array([2, 2, 2, 0])) == 0.75


def test_knn_with_duplicates():
    rng = np.random.default_rng(3)
    gallery = np.repeat(rng.normal(size=(20, 5)), 3, axis=0)  # each three times, labelled alike
    labels = np.repeat(rng.integers(0, 4, 20), 3)
    queries = np.concatenate([gallery[::4], rng.normal(size=(15, 5))])
    truth = rng.integers(0, 4, len(queries))
    for k in (3, 6, 60):  # whole triples: which of a triple comes first changes nothing
        got = knn_accuracy(gallery, labels, queries, truth, k, 0.07)
        assert got == slow_knn(gallery, labels, queries, truth, k, 0.07)


@pytest.mark.parametrize('wrong', [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused(wrong):
    features = np.ones((4, 3), np.float32)
    features[1, 1] = wrong
    with pytest.raises(ValueError, match='NaN|infinity'):
        knn_accuracy(features, np.zeros(4), np.ones((2, 3)), np.zeros(2))
    with pytest.raises(ValueError, match='NaN|infinity'):
        join_modalities(np.ones((4, 3)), features)
