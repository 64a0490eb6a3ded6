"""Whitens features: removes what all of them have in common before they are compared.

Features of most networks fill a narrow cone that is elongated in a few directions. Two unrelated
chunks have a similarity of 0.9, and these few directions decide. After subtracting the mean and
scaling every direction to about the same spread, unrelated chunks have a similarity of about 0, and
every direction counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHRINKAGE = 0.1
"""Share of the mean variance to add to that of each direction, so that directions in which the
gallery hardly differs are not amplified."""
FEW = 0.5
"""Additional share, times dimensions per chunk: few chunks say little about how others differ."""
SAMPLE = 50_000
"""Maximum number of chunks to fit."""


@dataclass(frozen=True)
class Whitening:
    """Shifts and scales unit vectors by the statistics of a gallery.

    Attributes:
        mean: Mean of the unit vectors (D,).
        matrix: Whitening matrix (D, D).
    """

    mean: np.ndarray
    matrix: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Whitening:
        """Fits it to vectors (n, D) of any length; with a single one it changes nothing."""
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
        """Whitens vectors (n, D) of any length; returns unit vectors (n, D)."""
        return unit((unit(np.asarray(vectors, np.float32)) - self.mean) @ self.matrix)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Normalises vectors (n, D) to length 1; zero vectors stay zero."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)


def whiten_rows(
    rows: Sequence[dict], gallery: Sequence[dict], field: str, usable: str | None = None
) -> list[dict]:
    """Whitens the features of rows by those of a gallery.

    Args:
        rows (Sequence[dict]): Rows, each of which may have a ``field`` (M, D).
        gallery (Sequence[dict]): Rows of the gallery.
        field (str): Name of the features.
        usable (str, optional): Name of the mask of a row's M features that count.
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
