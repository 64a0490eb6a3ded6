"""Neighbours with known classes."""

import numpy as np
import pytest

from avtss_mm.evaluation.neighbors import neighbor_classes

LABELS = np.repeat(np.arange(4), 10)


def unit(features):
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def test_classes_that_lie_together():
    noise = np.random.default_rng(0).normal(size=(40, 8))
    z = unit(10 * np.eye(8)[LABELS] + noise)
    shares = neighbor_classes([z], LABELS, 39, dict(near=(1, 9), behind=(10, 39)))
    assert shares == dict(near=1.0, behind=0.0, chance=pytest.approx(9 / 39))


def test_the_query_is_not_in_its_queue_and_queues_are_drawn():
    z = unit(np.random.default_rng(0).normal(size=(40, 64)))
    labels = np.arange(40)  # of its class there is none but the query itself
    assert set(neighbor_classes([z], labels, 20, dict(near=(1, 1))).values()) == {0.0}
    drawn = [neighbor_classes([z], LABELS, 5, dict(all=(1, 5)), seed) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and drawn[0]['all'] == drawn[0]['chance']


def test_agreement_takes_the_smaller_similarity():
    """Each modality alone identifies only half of the class."""
    picture, sound = LABELS // 2, LABELS % 2
    views = [np.eye(2)[half] for half in (picture, sound)]
    ranks = dict(near=(1, 9))
    both = neighbor_classes(views, LABELS, 39, ranks)['near']
    assert both == 1.0 > max(neighbor_classes([v], LABELS, 39, ranks)['near'] for v in views)


def test_ranks_outside_of_the_queue():
    z = unit(np.ones((40, 2)))
    with pytest.raises(ValueError, match='near: ranks 1 to 9 are not within a queue of 8'):
        neighbor_classes([z], LABELS, 8, dict(near=(1, 9)))
    with pytest.raises(ValueError, match='a queue of 40 needs more than the 40 videos'):
        neighbor_classes([z], LABELS, 40, {})
