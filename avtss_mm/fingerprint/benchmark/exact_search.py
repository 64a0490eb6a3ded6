"""Exact search through all chunks, so that figures do not depend on an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import normalize

from ..matching.hits import Hits

FIELDS = dict(v='video_feat', a='audio_feat')


def chunk_vectors(
    row: dict, modality: str, weights: dict[str, float], sizes: dict[str, int], as_query: bool
) -> tuple[np.ndarray, torch.Tensor]:
    """Times and vectors of a video's chunks in a modality.

    Fused vectors concatenate both modalities, with weights in those of a query, so that the product
    with a reference's vector is the weighted mean of the two similarities. Where a query has no
    sound, only the video counts; a reference without sound has audio similarity 0.

    Args:
        row (dict): Row with ``clip_times`` (M, 2) in seconds, ``video_feat`` and/or ``audio_feat``
            (M, C) and ``has_audio`` (M,).
        modality (str): Modality to compare: ``'v'``, ``'a'`` or ``'av'``.
        weights (dict): Weights of ``'v'`` and ``'a'`` in ``'av'``.
        sizes (dict): Number of dimensions of ``'v'`` and ``'a'``.
        as_query (bool): Whether the row is a query.

    Returns:
        tuple: Mid-times of the chunks in seconds (m,) and their vectors (m, D), without chunks that
        lack the modality.
    """
    times = np.asarray(row['clip_times'], float)
    parts, shares = [], []
    for side in modality:
        feature = row.get(FIELDS[side])
        if feature is None:
            feature, there = np.zeros((len(times), sizes[side])), np.zeros(len(times), bool)
        else:
            there = np.asarray(row['has_audio']) if side == 'a' else np.ones(len(times), bool)
        weight = weights[side] if as_query and modality == 'av' else 1.0
        unit = normalize(torch.as_tensor(np.asarray(feature), dtype=torch.float32), dim=1)
        share = torch.from_numpy(weight * there).float()
        parts.append(unit * share[:, None])
        shares.append(share)
    vectors, total = torch.cat(parts, dim=1), sum(shares)
    if as_query:
        vectors = vectors / total.clamp_min(1e-12)[:, None]
    there = (total > 0).numpy()
    return times.mean(axis=1)[there], vectors[torch.from_numpy(there)]


@dataclass(frozen=True)
class Gallery:
    """The chunks of all videos of the gallery.

    Attributes:
        vectors: Vectors of the chunks (G, D).
        video: Index of the video of each chunk (G,) int64.
        time: Mid-time of each chunk in seconds (G,).
        num_videos: Number of videos, including those without chunks.
    """

    vectors: torch.Tensor
    video: torch.Tensor
    time: np.ndarray
    num_videos: int

    @classmethod
    def of(cls, chunks: Sequence[tuple[np.ndarray, torch.Tensor]]) -> Gallery:
        """Build it from the times and vectors of each video, see :func:`chunk_vectors`."""
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        video = np.repeat(np.arange(len(chunks)), [len(times) for times, _ in chunks])
        return cls(
            torch.cat([vectors for _, vectors in chunks]).to(device),
            torch.from_numpy(video).to(device),
            np.concatenate([times for times, _ in chunks]),
            len(chunks),
        )


@dataclass(frozen=True)
class Found:
    """Result of the search for a query of m chunks.

    Attributes:
        best: Similarity of each query chunk to the most similar chunk of each video (m, V); minus
            infinity for a video without chunks.
        hits: Most similar chunks of each query chunk.
    """

    best: np.ndarray
    hits: Hits


def exact_search(
    gallery: Gallery,
    queries: Sequence[tuple[np.ndarray, torch.Tensor]],
    topk: int = 20,
    chunks_at_once: int = 256,
) -> Iterator[Found]:
    """Compare queries with all chunks of a gallery.

    Args:
        gallery (Gallery): Gallery of G chunks and V videos.
        queries (Sequence): Times (m,) and vectors (m, D) of each query.
        topk (int): Number of hits per query chunk. Defaults to 20.
        chunks_at_once (int): Number of query chunks per matrix product, which needs ``8 *
            chunks_at_once * G`` bytes. Defaults to 256.

    Yields:
        Found: Result of each query, in order.
    """
    topk = min(topk, len(gallery.video))
    for times, vectors in queries:
        bests, hits = [], []
        for first in range(0, len(times), chunks_at_once):
            block = vectors[first : first + chunks_at_once].to(gallery.vectors.device)
            similarity = block @ gallery.vectors.T  # m, G
            best = similarity.new_full((len(block), gallery.num_videos), -torch.inf)
            owner = gallery.video.expand(len(block), -1)
            bests.append(best.scatter_reduce(1, owner, similarity, 'amax').cpu().numpy())
            values, chunk = similarity.topk(topk, dim=1)
            found = chunk.cpu().numpy().ravel()
            hits.append(
                Hits(
                    np.repeat(times[first : first + chunks_at_once], topk),
                    gallery.video.cpu().numpy()[found],
                    gallery.time[found],
                    values.cpu().numpy().ravel(),
                )
            )
        yield Found(np.concatenate(bests), Hits.joined(hits))
