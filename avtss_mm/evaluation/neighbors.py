"""Of which class the entries of a queue are that lie near a query."""

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
    """How many of the neighbours at some ranks are of the query's own class.

    For each video a queue is drawn that holds one clip of each of ``length`` other videos.

    Args:
        embeddings (Sequence[ndarray]): Unit vectors, a clip a video, shape ``(N, D)``. Of several
            modalities the smaller similarity ranks, as in
            :class:`AgreementContrastiveHead`.
        labels (ndarray): Shape ``(N,)``.
        length (int): Length of the queue; at most ``N - 1``.
        ranks (Mapping): First and last rank, 1 being the most similar, by any name.
        seed (int): Seed of the queues. Defaults to 0.

    Returns:
        dict: The share of the own class at the ranks of each name, mean over videos, and
        ``chance``, that in the whole queue.

    Raises:
        ValueError: If the queue is longer than there are other videos, or ranks lie outside.
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
