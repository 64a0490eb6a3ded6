"""The classes of a query's neighbours in a queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def neighbor_classes(
    embeddings: Sequence[np.ndarray],
    labels: np.ndarray,
    length: int,
    ranks: Mapping[str, tuple[int, int]],
    seed: int = 0,
) -> dict[str, float]:
    """Share of neighbours at given ranks that are of the query's class.

    For each video a queue is drawn with one clip of each of ``length`` other videos.

    Args:
        embeddings (Sequence[ndarray]): Unit vectors of one clip per video, shape ``(N, D)``. With
            several modalities the smaller similarity decides the rank, as in
            :class:`AgreementContrastiveHead`.
        labels (ndarray): Labels of shape ``(N,)``.
        length (int): Length of the queue; at most ``N - 1``.
        ranks (Mapping): First and last rank, by any name; rank 1 is the most similar entry.
        seed (int): Seed of the queues. Defaults to 0.

    Returns:
        dict: Share of the query's class at the ranks of each name, averaged over videos, and
        ``chance``, its share in the whole queue.

    Raises:
        ValueError: If there are too few videos for the queue, or ranks lie outside it.
    """
    number = len(labels)
    if length >= number:
        raise ValueError(f'a queue of {length} needs more than the {number} videos')
    for name, (first, last) in ranks.items():
        if not 1 <= first <= last <= length:
            raise ValueError(f'{name}: ranks {first} to {last} are not within a queue of {length}')
    generator = np.random.default_rng(seed)
    similarity = np.minimum.reduce([z @ z.T for z in embeddings])
    same = np.empty((number, length), bool)
    for video in range(number):
        others = np.delete(np.arange(number), video)
        queue = generator.choice(others, length, replace=False)
        queue = queue[np.argsort(-similarity[video, queue])]
        same[video] = labels[queue] == labels[video]
    shares = {name: same[:, first - 1 : last] for name, (first, last) in ranks.items()}
    return {name: float(x.mean()) for name, x in {**shares, 'chance': same}.items()}
