"""Measures on features with known results, and the mean over folds."""

import numpy as np
import pytest

from avtss_mm.apis.embedder import ClipFeatures
from avtss_mm.study.evaluations import MEASURES
from avtss_mm.study.measures.features import FileFeatures
from avtss_mm.study.measures.groups import TAKEN_BY, Fold, take


class Folds:
    """A run with given features."""

    def __init__(self, *folds):
        self.folds = list(folds)


def file(name, label, feat):
    clips = ClipFeatures(np.zeros((2, 2)), np.tile(feat, (2, 1)), None, np.ones(2, bool))
    row = dict(filename=name, label=label, motion=label // 2)
    return FileFeatures(row, dict(video=clips), {}, [], [])


def files(labels, seed, told=True):
    rng = np.random.default_rng(seed)
    return [
        file(f'{seed}/{i}', label, np.eye(4)[label] * told + rng.normal(0, 0.05, 4))
        for i, label in enumerate(labels)
    ]


LABELS = [0, 1, 2, 3] * 5


def test_each_measure_has_a_function():
    assert list(MEASURES) == list(TAKEN_BY)


def test_mean_over_folds():
    right = Fold(files(LABELS, 0), files(LABELS, 1))
    turned = Fold(files(LABELS, 2), files([3, 2, 1, 0] * 5, 3))
    for item, label in zip(turned.query, LABELS):
        item.row['label'] = label  # what looks like 3 is called 0
    for name in ('knn', 'linear'):
        assert take(Folds(right), name)[f'{name}_video_label'] == 1
        assert take(Folds(turned), name)[f'{name}_video_label'] == 0
        figures = take(Folds(right, turned, right, right), name)
        assert figures[f'{name}_video_label'] == 0.75
        assert figures[f'{name}_video_label_chance'] == 0.25
        assert set(figures) == {f'{name}_video_label', f'{name}_video_label_chance'}


def test_what_a_fold_does_not_have_is_left_out():
    with_motion = Fold(files(LABELS, 0), files(LABELS, 1), ('motion',))
    without = Fold(files(LABELS, 0), files(LABELS, 1))
    assert take(Folds(with_motion), 'knn')['knn_video_motion'] == 1
    assert 'knn_video_motion' not in take(Folds(with_motion, without), 'knn')


@pytest.mark.parametrize('name', ['knn', 'linear', 'retrieval', 'temporal', 'synchrony'])
def test_networks_that_cannot_see_or_hear_the_files(name):
    assert take(Folds(), name) == {}
