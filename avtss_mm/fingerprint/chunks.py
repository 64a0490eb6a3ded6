"""What the parts of the tool hand to each other of a file's chunks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Chunks = Mapping[str, 'tuple[np.ndarray, np.ndarray]']
"""By 'video' and/or 'audio': times (n, 2) in seconds and vectors (n, D)."""

ComparedChunks = Mapping[str, 'tuple[np.ndarray, np.ndarray]']
"""The same by 'v' and/or 'a', with the unit vectors that are compared."""
