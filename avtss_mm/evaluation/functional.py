"""Stateless functions to evaluate features."""

from __future__ import annotations

import faiss
import numpy as np
import scipy
from mmengine.logging import print_log

MANY_PAIRS = 2 * 10**8
"""Number of comparisons that take seconds."""


def knn_accuracy(
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    queries: np.ndarray,
    query_labels: np.ndarray,
    k: int = 20,
    temperature: float = 0.07,
) -> float:
    """Top-1 accuracy of the weighted k-NN classifier.

    Wu et al., CVPR 2018 (`<https://arxiv.org/abs/1805.01978>`_), section 3.4: the ``k`` nearest
    gallery items vote with weight ``exp(cosine similarity / temperature)``.

    Args:
        gallery (ndarray): Features of shape ``(G, D)``.
        gallery_labels (ndarray): Labels of the gallery, shape ``(G,)``.
        queries (ndarray): Features of shape ``(Q, D)``.
        query_labels (ndarray): Labels of the queries, shape ``(Q,)``.
        k (int): Number of neighbours; at most ``G`` are used. Defaults to 20.
        temperature (float): Temperature of the votes' weights; lower values favour the nearest
            neighbours. Defaults to 0.07.

    Returns:
        float: Share of correctly classified queries.
    """
    classes, of_gallery = np.unique(gallery_labels, return_inverse=True)
    similarity, places = nearest(gallery, queries, k)
    votes = np.zeros((len(queries), len(classes)))
    rows = np.arange(len(queries))[:, None]
    np.add.at(votes, (rows, of_gallery[places]), np.exp((similarity - 1) / temperature))
    return float((classes[votes.argmax(axis=1)] == query_labels).mean())


def nearest(gallery: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest gallery items by exact search.

    Args:
        gallery (ndarray): Features of shape ``(G, D)``.
        queries (ndarray): Features of shape ``(Q, D)``.
        k (int): Number of neighbours; at most ``G`` are found.

    Returns:
        tuple: Cosine similarities and gallery indices of the nearest items, the most similar first,
        both of shape ``(Q, min(k, G))``.
    """
    index = faiss.IndexFlatIP(gallery.shape[1])
    for block in np.array_split(gallery, len(gallery) // 100_000 + 1):
        index.add(_unit(block))
    if len(queries) * len(gallery) > MANY_PAIRS:  # in one call, as blocks change the last bits
        print_log(f'comparing {len(queries):,} with {len(gallery):,} features', 'current')
    return index.search(_unit(queries), min(k, len(gallery)))


def _unit(features: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(_normalize(features), np.float32)


def _normalize(features: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import normalize  # imported here because it is slow

    return normalize(features)


def join_modalities(video: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Concatenate the features ``(N, D1)`` and ``(N, D2)`` of two modalities with equal weights."""
    return np.concatenate([_normalize(video), _normalize(audio)], axis=1)


def majority_share(labels: np.ndarray) -> float:
    """Accuracy of always predicting the most frequent label: the chance level."""
    _, counts = np.unique(labels, return_counts=True)
    return float(counts.max() / counts.sum())


def match_ranks(
    queries: np.ndarray,
    query_labels: np.ndarray,
    gallery: np.ndarray,
    gallery_labels: np.ndarray,
    largest: int,
) -> np.ndarray:
    """Rank of the first gallery item with the label of the query, by cosine similarity.

    Args:
        queries (ndarray): Features of shape ``(Q, D)``.
        query_labels (ndarray): Labels of the queries, shape ``(Q,)``.
        gallery (ndarray): Features of shape ``(G, D)``.
        gallery_labels (ndarray): Labels of the gallery, shape ``(G,)``.
        largest (int): Largest rank of interest.

    Returns:
        ndarray: Ranks from 1, shape ``(Q,)``. Wrong items that are as similar as the first right
        one (up to 1e-6, the rounding of float32) come before it. The rank is infinite if the label
        is not found.
    """
    similarity, places = nearest(gallery, queries, largest + 1)  # one more for ties at the end
    right = gallery_labels[places] == np.asarray(query_labels)[:, None]
    best = np.where(right, similarity, -np.inf).max(axis=1, keepdims=True)
    ranks = 1.0 + (~right & (similarity >= best - 1e-6)).sum(axis=1)
    return np.where(right.any(axis=1) & (ranks <= largest), ranks, np.inf)


def chance_of_recall(query_labels: np.ndarray, gallery_labels: np.ndarray, k: int) -> float:
    """Recall at ``k`` of a random order of the gallery.

    Args:
        query_labels (ndarray): Labels of the queries, shape ``(Q,)``.
        gallery_labels (ndarray): Labels of the gallery, shape ``(G,)``.
        k (int): Number of retrieved items.
    """
    labels, inverse = np.unique(query_labels, return_inverse=True)
    size = len(gallery_labels)
    right = [(gallery_labels == label).sum() for label in labels]
    missed = scipy.stats.hypergeom.pmf(0, size, right, min(k, size))
    return float(1 - missed[inverse].mean())
