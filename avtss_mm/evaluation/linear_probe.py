"""Linear classification of frozen features; the test data never decide the regularisation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from ..errors import UsageError
from .linear_classifier import LOSSES, LinearProblem

STRENGTHS = dict(logistic=(1e-3, 1e-2, 1e-1, 1.0, 10.0), svm=(1e-4, 1e-3, 1e-2, 1e-1))
"""Values of ``C`` to choose from, by classifier."""

ENOUGH = 20_000
"""Number of held-out samples after which further folds are skipped: standard error 0.004."""


def linear_probe(
    train: np.ndarray,
    train_labels: np.ndarray,
    groups: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    classifier: str = 'logistic',
    C: Sequence[float] | None = None,
    num_folds: int = 3,
) -> tuple[float, float]:
    """Accuracy of a linear classifier on standardised features, with ``C`` chosen on ``train``.

    Args:
        train (ndarray): Features of shape ``(N, D)``.
        train_labels (ndarray): Labels of shape ``(N,)``.
        groups (ndarray): Groups of shape ``(N,)``; samples of one group stay in one fold.
        test (ndarray): Features of shape ``(Q, D)``.
        test_labels (ndarray): Labels of shape ``(Q,)``.
        classifier (str): Kind of classifier, ``'logistic'`` or ``'svm'``. Defaults to 'logistic'.
        C (Sequence[float], optional): Inverse regularisation strengths to choose from; the smallest
            of equally good ones wins. Defaults to None: the classifier's ``STRENGTHS``.
        num_folds (int): Number of folds of the cross-validation; fewer if there are fewer groups or
            fewer files per class, or once ``ENOUGH`` samples were held out. Defaults to 3.

    Returns:
        tuple: Accuracy on ``test`` and the chosen ``C``.

    Raises:
        ValueError: If there is no such classifier, or ``train`` is too small to choose ``C``.
    """
    if classifier not in LOSSES:
        raise ValueError(f'classifier must be one of {list(LOSSES)}, got {classifier!r}')
    strengths = sorted(C or STRENGTHS[classifier])  # small values are fitted fastest
    folds = list(split(train_labels, groups, num_folds)) if len(strengths) > 1 else []
    scores = np.zeros(len(strengths))
    steps = len(folds) * len(strengths) + 1
    with tqdm(total=steps, desc=f'linear probe ({classifier})', disable=None) as bar:
        for fitted, held_out in folds:
            sides = train[fitted], train_labels[fitted], train[held_out], train_labels[held_out]
            for place, accuracy in enumerate(accuracies(*sides, classifier, strengths)):
                scores[place] += accuracy
                bar.update()
        chosen = strengths[int(scores.argmax())]
        (accuracy,) = accuracies(train, train_labels, test, test_labels, classifier, [chosen])
        bar.update()
    return accuracy, float(chosen)


def accuracies(train, train_labels, test, test_labels, classifier, strengths):
    """Yield the accuracy on ``test`` for each value of ``C``."""
    # Imported here because scikit-learn takes half a second: not at the start of training.
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train)
    problem = LinearProblem(scaler.transform(train), train_labels, classifier)
    test = scaler.transform(test)
    for strength in strengths:
        yield float((problem.fit(strength).predict(test) == test_labels).mean())


def split(labels: np.ndarray, groups: np.ndarray, num_folds: int):
    """Yield the indices of the fitted and the held-out samples of each fold."""
    from sklearn.model_selection import StratifiedGroupKFold

    num_groups, class_sizes = len(np.unique(groups)), np.unique(labels, return_counts=True)[1]
    num_folds = min(num_folds, num_groups, class_sizes.max())
    if num_folds < 2 or len(class_sizes) < 2:
        raise UsageError(
            'a linear probe needs two classes, one of them with two files, and two groups of files '
            f'to train on, got {len(class_sizes)} classes of up to {class_sizes.max()} files and '
            f'{num_groups} groups'
        )
    folds = StratifiedGroupKFold(num_folds, shuffle=True, random_state=0)
    with warnings.catch_warnings():  # a class with fewer groups than folds is acceptable
        warnings.filterwarnings('ignore', message='The least populated class')
        held_out = 0
        for fold in folds.split(labels, labels, groups):
            yield fold
            held_out += len(fold[1])
            if held_out >= ENOUGH:
                break
