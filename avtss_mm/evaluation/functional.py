"""Evaluation of features as plain functions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from scipy.stats import hypergeom
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.svm import LinearSVC
from tqdm import tqdm


def knn_accuracy(
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    queries: np.ndarray,
    query_labels: np.ndarray,
    k: int = 20,
    temperature: float = 0.07,
) -> float:
    """Top-1 accuracy of the weighted k-NN classifier of instance discrimination.

    Wu et al., CVPR 2018 (`<https://arxiv.org/abs/1805.01978>`_), section 3.4: the ``k`` nearest
    gallery items vote with weight ``exp(cosine similarity / temperature)``.

    Args:
        gallery (ndarray): Features of shape ``(G, D)``.
        gallery_labels (ndarray): Shape ``(G,)``.
        queries (ndarray): Features of shape ``(Q, D)``.
        query_labels (ndarray): Shape ``(Q,)``.
        k (int): Number of neighbours, at most ``G`` are used. Defaults to 20.
        temperature (float): Lower values trust the nearest more. Defaults to 0.07.

    Returns:
        float: Share of queries whose label is right.
    """
    classifier = KNeighborsClassifier(
        n_neighbors=min(k, len(gallery)),
        metric='cosine',
        algorithm='brute',
        weights=lambda distances: np.exp(-distances / temperature),
    )
    classifier.fit(gallery, gallery_labels)
    return float((classifier.predict(queries) == query_labels).mean())


def join_modalities(video: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Join two modalities' features ``(N, D1)`` and ``(N, D2)`` with equal weight."""
    return np.concatenate([normalize(video), normalize(audio)], axis=1)


def majority_share(labels: np.ndarray) -> float:
    """Accuracy of always naming the most frequent label: the chance level."""
    _, counts = np.unique(labels, return_counts=True)
    return float(counts.max() / counts.sum())


def match_ranks(
    queries: np.ndarray,
    query_labels: np.ndarray,
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    chunk_size: int = 256,
) -> np.ndarray:
    """Rank of the first gallery item that has the label of the query, by cosine similarity.

    Args:
        queries (ndarray): Features of shape ``(Q, D)``.
        query_labels (ndarray): Shape ``(Q,)``.
        gallery (ndarray): Features of shape ``(G, D)``.
        gallery_labels (ndarray): Shape ``(G,)``.
        chunk_size (int): Queries compared at once; they need ``10 * chunk_size * G`` bytes.
            Defaults to 256.

    Returns:
        ndarray: Shape ``(Q,)``, from 1. Wrong items that are as similar as the first right one
        (up to 1e-6, the rounding of float32) come before it. A query whose label is not in the
        gallery has rank infinity.
    """
    gallery = torch.from_numpy(normalize(gallery).astype(np.float32))
    queries = torch.from_numpy(normalize(queries).astype(np.float32))
    gallery_labels, query_labels = (torch.as_tensor(x) for x in (gallery_labels, query_labels))
    ranks = []
    for features, labels in zip(queries.split(chunk_size), query_labels.split(chunk_size)):
        similarity = features @ gallery.T  # chunk, G
        wrong = labels[:, None] != gallery_labels[None]
        best = similarity.masked_fill(wrong, -torch.inf).amax(dim=1, keepdim=True)
        rank = 1.0 + (wrong & (similarity >= best - 1e-6)).sum(dim=1)
        ranks.append(rank.masked_fill(wrong.all(dim=1), torch.inf))
    return torch.cat(ranks).numpy()


def chance_of_recall(query_labels: np.ndarray, gallery_labels: np.ndarray, k: int) -> float:
    """Recall at ``k`` of a random order of the gallery.

    Args:
        query_labels (ndarray): Shape ``(Q,)``.
        gallery_labels (ndarray): Shape ``(G,)``.
        k (int): Number of items looked at.
    """
    labels, inverse = np.unique(query_labels, return_inverse=True)
    size = len(gallery_labels)
    right = [(gallery_labels == label).sum() for label in labels]
    missed = hypergeom.pmf(0, size, right, min(k, size))
    return float(1 - missed[inverse].mean())


PROBES = dict(
    logistic=lambda C: LogisticRegression(C=C, max_iter=1000, random_state=0),
    svm=lambda C: LinearSVC(C=C, tol=1e-2, max_iter=5000, random_state=0),
)
STRENGTHS = dict(logistic=(1e-3, 1e-2, 1e-1, 1.0, 10.0), svm=(1e-4, 1e-3, 1e-2, 1e-1))
"""Values of ``C`` to choose from."""


def linear_probe(
    train: np.ndarray,
    train_labels: np.ndarray,
    groups: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    classifier: str = 'logistic',
    C: Sequence[float] | None = None,
    num_folds: int = 3,
    num_jobs: int = 1,
) -> tuple[float, float]:
    """Accuracy of a linear classifier on standardised features, its ``C`` chosen inside ``train``.

    Args:
        train (ndarray): Features of shape ``(N, D)``.
        train_labels (ndarray): Shape ``(N,)``.
        groups (ndarray): Shape ``(N,)``. Samples of one group stay in one fold.
        test (ndarray): Features of shape ``(Q, D)``.
        test_labels (ndarray): Shape ``(Q,)``.
        classifier (str): ``'logistic'`` or ``'svm'``. Defaults to 'logistic'.
        C (Sequence[float], optional): Inverse strengths of regularisation to choose from; of
            equally good ones the first is taken. Defaults to None: the classifier's ``STRENGTHS``.
        num_folds (int): Folds of the cross-validation; fewer where there are fewer groups, or
            fewer files in each class. Defaults to 3.
        num_jobs (int): Processes. Defaults to 1.

    Returns:
        tuple: The accuracy on ``test`` and the chosen ``C``.

    Raises:
        ValueError: If there is no such classifier, or ``train`` is too small to choose ``C`` in.
    """
    if classifier not in PROBES:
        raise ValueError(f'classifier must be one of {list(PROBES)}, got {classifier!r}')
    num_groups, class_sizes = len(np.unique(groups)), np.unique(train_labels, return_counts=True)[1]
    num_folds = min(num_folds, num_groups, class_sizes.max())
    if num_folds < 2 or len(class_sizes) < 2:
        raise ValueError(
            'a linear probe needs two classes, one of them with two files, and two groups of files '
            f'to train on, got {len(class_sizes)} classes of up to {class_sizes.max()} files and '
            f'{num_groups} groups'
        )

    def model(strength: float) -> Pipeline:
        return make_pipeline(StandardScaler(), PROBES[classifier](strength))

    folds = StratifiedGroupKFold(num_folds, shuffle=True, random_state=0)
    shared = dict(groups=groups, cv=folds, n_jobs=num_jobs)
    scores = {}
    with warnings.catch_warnings():  # a class with fewer groups than folds: it is right to go on
        warnings.filterwarnings('ignore', message='The least populated class')
        for strength in tqdm(C or STRENGTHS[classifier], f'C of {classifier}', disable=None):
            accuracies = cross_val_score(model(strength), train, train_labels, **shared)
            scores[strength] = accuracies.mean()
    chosen = max(scores, key=scores.get)
    return float(model(chosen).fit(train, train_labels).score(test, test_labels)), float(chosen)
