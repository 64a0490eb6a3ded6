"""Chunks of the background clips (:mod:`..background`), stored in a catalog."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from ..chunks import Chunks
from .catalog import Catalog

BACKGROUND = 'background'
"""Name of the metadata: for each clip, by modality, the times and the vectors of its chunks."""


def store_background(catalog: Catalog, clips: Sequence[Chunks]) -> None:
    """Stores the chunks of clips, vectors as float16; the index must be calibrated again."""
    rows = [
        {name: [times.tolist(), _text(vectors)] for name, (times, vectors) in chunks.items()}
        for chunks in clips
    ]
    catalog.set_metadata(**{BACKGROUND: rows, 'calibrated': None})


def known_background(catalog: Catalog) -> list[Chunks]:
    """Chunks of the clips; empty if an older version made the index."""
    return [
        {name: (np.array(times), _vectors(text, len(times))) for name, (times, text) in row.items()}
        for row in catalog.metadata.get(BACKGROUND, [])
    ]


def _text(vectors: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(vectors, '<f2').tobytes()).decode()


def _vectors(text: str, number: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), '<f2').astype(np.float32).reshape(number, -1)
