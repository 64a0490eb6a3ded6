"""What all features have in common is taken off before they are compared.

Features of most networks fill a narrow cone, long in a few directions: two chunks that have nothing
in common are alike to 0.9, and the few directions decide. Less their mean, and with every direction
brought to about the same spread, unrelated chunks are alike to 0 and every direction counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHRINKAGE = 0.1
"""Share of the mean variance that is added to that of each direction, so that those in which the
gallery hardly differs are not blown up."""
FEW = 0.5
"""Times the number of dimensions for each chunk, that share more: a few chunks say little of how
others differ."""
SAMPLE = 50_000
"""Chunks that are looked at, at most."""


@dataclass(frozen=True)
class Whitening:
    """Moves and stretches unit vectors by what those of a gallery are like.

    Attributes:
        mean: Shape (D,).
        matrix: Shape (D, D).
    """

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Whitening:
        """From vectors (n, D) of any length; a single one changes nothing."""
        vectors = unit(np.asarray(vectors[:: len(vectors) // SAMPLE + 1], np.float64))
        mean = vectors.mean(axis=0)
        if len(vectors) < 2:
            return cls(np.zeros_like(mean, np.float32), np.eye(len(mean), dtype=np.float32))
        spread, directions = np.linalg.eigh(np.cov(vectors.T).reshape(len(mean), -1))
        shrinkage = SHRINKAGE + FEW * len(mean) / len(vectors)
        scale = 1 / np.sqrt(spread.clip(0) + shrinkage * spread.mean() + 1e-12)
        matrix = (directions * scale) @ directions.T
        return cls(mean.astype(np.float32), matrix.astype(np.float32))

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Unit vectors (n, D) of vectors (n, D) of any length."""
        return unit((unit(np.asarray(vectors, np.float32)) - self.mean) @ self.matrix)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, D) at length 1; what is 0 stays."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)


def whiten_rows(
    rows: Sequence[dict], gallery: Sequence[dict], field: str, usable: str | None = None
) -> list[dict]:
    """Rows whose features are whitened by those of a gallery.

    Args:
        rows (Sequence[dict]): Each may have a ``field`` (M, D).
        gallery (Sequence[dict]): Rows as well.
        field (str): Name of the features.
        usable (str, optional): Name of what says which of a row's M features count.
            Defaults to None: all.
    """
    features = [
        row[field] if usable is None else row[field][np.asarray(row[usable], bool)]
        for row in gallery
        if field in row
    ]
    if sum(map(len, features)) < 2:
        return list(rows)
    whitening = Whitening.of(np.concatenate(features))
    return [{**row, field: whitening(row[field])} if field in row else row for row in rows]
