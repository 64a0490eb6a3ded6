"""Evaluation of features as plain functions."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize


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
