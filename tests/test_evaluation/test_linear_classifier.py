"""The solver compared with scikit-learn's, on features as correlated as a network's."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from avtss_mm.evaluation.linear_classifier import CHUNK, LinearProblem


def make(size, dims=24, classes=7):
    rng = np.random.default_rng(0)
    spread = (1 + np.arange(dims)) ** -1.5
    mix = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
    labels = rng.integers(0, classes, size)
    centres = rng.normal(size=(classes, dims)) * spread
    features = (centres[labels] + rng.normal(size=(size, dims)) * spread) @ mix
    return ((features - features.mean(0)) / features.std(0)).astype(np.float32), labels


def objective(features, labels, weight, bias, loss, C):
    scores = features.astype(np.float64) @ weight + bias
    own = labels[:, None] == np.unique(labels)
    if loss == 'logistic':
        return np.square(weight).sum() / 2 + C * (logsumexp(scores, axis=1) - scores[own]).sum()
    hinge = np.maximum(0, 1 - np.where(own, scores, -scores))
    return (np.square(weight).sum() + np.square(bias).sum()) / 2 + C * np.square(hinge).sum()


@pytest.mark.parametrize('C', [1e-3, 1.0, 100.0])
@pytest.mark.parametrize('loss', ['logistic', 'svm'])
def test_finds_what_scikit_learn_finds(loss, C):
    features, labels = make(500)
    labels = labels * 10 - 5  # any numbers
    slow = (
        LogisticRegression(C=C, tol=1e-10, max_iter=10_000)
        if loss == 'logistic'
        else LinearSVC(C=C, tol=1e-10, max_iter=10_000, dual=False)
    ).fit(features.astype(np.float64), labels)
    problem = LinearProblem(features, labels, loss)
    problem.fit(10 * C)  # where it starts from changes nothing
    fast = problem.fit(C, tolerance=1e-12)
    least = objective(features, labels, slow.coef_.T, slow.intercept_, loss, C)
    found = objective(features, labels, fast.weight.numpy(), fast.bias.numpy(), loss, C)
    assert found == pytest.approx(least, rel=1e-5)
    assert (fast.predict(features) == slow.predict(features)).mean() > 0.995


def test_more_samples_than_are_in_memory_at_once():
    features, labels = make(CHUNK + 100)
    fast = LinearProblem(features, labels).fit(1.0, tolerance=1e-10)
    slow = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(features, labels)
    assert (fast.predict(features) == slow.predict(features)).mean() > 0.998


def test_fewer_samples_than_features():
    features, labels = make(12, dims=40, classes=3)
    assert (LinearProblem(features, labels).fit(1.0).predict(features) == labels).all()
