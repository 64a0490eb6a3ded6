"""What finds similar vectors, whichever library does it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class VectorIndex(ABC):
    """Unit vectors with ids, searched by their inner product.

    The vectors are kept in the catalog too, so that an index that is lost can be filled again.
    """

    needs_training = False
    """Whether :meth:`train` must be called before the first :meth:`add`."""

    def train(self, vectors: np.ndarray) -> None:
        """Fits what the kind of index needs to fit, to a sample (n, D) of the vectors."""
        raise NotImplementedError

    @abstractmethod
    def add(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        """Adds vectors (n, D) float32 with ids (n,) int64 that are not in it."""

    @abstractmethod
    def search(
        self, vectors: np.ndarray, topk: int, exclude: tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most similar vectors of each of (q, D).

        Args:
            vectors: What is searched for.
            topk: Number of results of each.
            exclude: First id, and the one after the last, of a range that is not searched.

        Returns:
            tuple: Similarities (q, k) float32, highest first, and ids (q, k) int64; -1 where there
            are fewer than k.
        """

    @abstractmethod
    def delete(self, ids: np.ndarray) -> None:
        """Takes out the vectors with these ids (n,), as far as they are there."""

    @abstractmethod
    def ids(self) -> np.ndarray:
        """Ids (n,) int64 of all vectors, in any order."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of vectors."""

    @abstractmethod
    def save(self) -> str | None:
        """Makes lasting what is not yet; what tells the saved state from others, if it can tell."""

    @abstractmethod
    def stats(self) -> dict:
        """Facts for people: plain values by name."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of files and connections."""
