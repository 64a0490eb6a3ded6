"""The interface of libraries that find similar vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

PROBES = 32
"""Minimum number of cells of an inverted file to search."""


def probes(cells: int) -> int:
    """Number of cells of an inverted file to search."""
    return min(max(PROBES, cells // 32), cells)


class VectorIndex(ABC):
    """Unit vectors with ids, searched by inner product.

    The catalog stores the vectors as well, so that a lost index can be filled again.
    """

    training_size = 0
    """Maximum number of vectors for :meth:`train`, which must be called before the first
    :meth:`add`, or 0."""

    def train(self, vectors: np.ndarray) -> None:
        """Trains the index on a sample (n, D) of the vectors, if its kind needs training."""
        raise NotImplementedError

    @abstractmethod
    def add(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        """Adds vectors (n, D) float32 with new ids (n,) int64."""

    @abstractmethod
    def search(
        self, vectors: np.ndarray, topk: int, exclude: tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Finds the most similar vectors of each query.

        Args:
            vectors: Query vectors (q, D).
            topk: Number of results per query.
            exclude: Range of ids to exclude: the first, and the one after the last.

        Returns:
            tuple: Similarities (q, k) float32, highest first, and ids (q, k) int64; -1 if there are
            fewer than k.
        """

    @abstractmethod
    def delete(self, ids: np.ndarray) -> None:
        """Removes the vectors with these ids (n,), as far as they exist."""

    @abstractmethod
    def ids(self) -> np.ndarray:
        """Ids (n,) int64 of all vectors, in any order."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of vectors."""

    @abstractmethod
    def save(self) -> str | None:
        """Saves all changes; returns an identifier of the saved state, if there is one."""

    @abstractmethod
    def stats(self) -> dict:
        """Summarises the back-end: plain values by name."""

    @abstractmethod
    def close(self) -> None:
        """Closes files and connections."""
