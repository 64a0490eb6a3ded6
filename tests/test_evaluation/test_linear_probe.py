"""The linear probe classifies separable data, chooses C on training data only, keeps groups."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from avtss_mm.errors import UsageError
from avtss_mm.evaluation import LinearProbeMetric
from avtss_mm.evaluation.linear_probe import linear_probe


def make(seed=0, spread=1.0, size=160, classes=4, dims=12):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, dims))
    labels = np.arange(size) % classes
    features = centres[labels] * 100 + spread * 100 * rng.normal(size=(size, dims)) + 500
    return features.astype(np.float32), labels


@pytest.mark.parametrize('classifier', ['logistic', 'svm'])
def test_equals_scikit_learn_by_hand(classifier):
    train, labels = make(0)
    test, truth = make(1)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    by_hand = dict(
        logistic=LogisticRegression(C=0.1, max_iter=1000), svm=LinearSVC(C=0.1, tol=1e-2)
    )[classifier]
    by_hand.fit((train - mean) / deviation, labels)
    expected = (by_hand.predict((test - mean) / deviation) == truth).mean()
    groups = np.arange(len(train))
    got, chosen = linear_probe(train, labels, groups, test, truth, classifier, C=(0.1,))
    assert got == pytest.approx(expected, abs=0.007)  # one sample of 160
    assert chosen == 0.1 and 0.4 < got < 1


def test_c_is_chosen_inside_the_training_data():
    train, labels = make(0, spread=2.0)
    test, truth = make(1, spread=2.0)
    options = dict(classifier='logistic', C=(1e-5, 1e-3, 1e-1, 10.0))
    groups = np.arange(len(train))
    _, chosen = linear_probe(train, labels, groups, test, truth, **options)
    for other in (truth[::-1], (truth + 1) % 4):  # other test labels, the same choice
        assert linear_probe(train, labels, groups, test, other, **options)[1] == chosen


def test_groups_stay_together():
    # A source of ten near copies names itself, not its class: only what holds across sources counts
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(24), 10)
    labels = groups % 2
    source = rng.normal(size=(24, 30))[groups] * 5
    weak = (labels[:, None] - 0.5) + rng.normal(size=(240, 3))
    train = np.concatenate([source + 0.01 * rng.normal(size=source.shape), weak], axis=1)
    C = (1e-4, 1e4)
    _, grouped = linear_probe(train, labels, groups, train, labels, C=C)
    own = np.arange(240)
    _, apart = linear_probe(train, labels, own, train, labels, C=C)
    assert grouped == 1e-4 and apart == 1e4


def test_metric_by_modality_with_chance():
    metric = LinearProbeMetric(classifiers=('logistic',), C=(0.1, 1.0))
    samples = []
    for subset, seed in (('gallery', 0), ('query', 1)):
        for i, (x, y) in enumerate(zip(*make(seed, spread=0.2))):
            row = dict(subset=subset, gt_label=torch.tensor([y]), filename=f'{subset}{i}')
            row.update(group=f'{i // 2}', video_feat=torch.from_numpy(x))
            if i % 2:  # every other file is silent
                row.update(audio_feat=torch.from_numpy(x[:6]))
            samples.append(row)
    metric.process({}, samples)
    assert metric.results[5]['group'] == '2'
    got = metric.evaluate(len(samples))
    assert got['linear/video_logistic_top1'] > 0.95
    assert got['linear/audio_logistic_top1'] > 0.7
    assert got['linear/joint_logistic_top1'] > 0.9
    assert got['linear/chance'] == 0.25
    assert got['linear/video_logistic_C'] in (0.1, 1.0)


def test_few_files_a_class():
    train, labels = make(0, size=6, classes=3, spread=0.01)  # two of each: two folds
    accuracy, _ = linear_probe(train, labels, np.arange(6), train, labels, C=(1.0,))
    assert accuracy == 1


@pytest.mark.parametrize(
    'labels, groups, classifier, message',
    [
        ([0, 0, 0], [0, 1, 2], 'svm', '1 classes of up to 3 files and 3 groups'),
        ([0, 1, 0], [0, 0, 0], 'svm', '2 classes of up to 2 files and 1 groups'),
        ([0, 1, 2], [0, 1, 2], 'svm', '3 classes of up to 1 files and 3 groups'),
        ([0, 1, 0], [0, 1, 2], 'tree', "must be one of .'logistic', 'svm'., got 'tree'"),
    ],
)
def test_what_cannot_be_probed(labels, groups, classifier, message):
    x = np.zeros((3, 2))
    with pytest.raises((UsageError, ValueError), match=message):
        linear_probe(x, np.array(labels), np.array(groups), x, np.array(labels), classifier)
