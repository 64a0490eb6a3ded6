"""The types in which chunks of a file are passed around."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Chunks = Mapping[str, 'tuple[np.ndarray, np.ndarray]']
"""Times (n, 2) in seconds and vectors (n, D), by the name of the descriptor (:mod:`.choices`)."""

ComparedChunks = Mapping[str, 'tuple[np.ndarray, np.ndarray]']
"""Times and the unit vectors that are compared, by the letters of the descriptors."""
