"""An index of random features: smooth tracks that have much in common, as real ones do."""

from __future__ import annotations

import numpy as np

from avtss_mm.fingerprint.index.calibration import find_thresholds
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.index.index_whitening import update_whitening

CHUNKS = 12


def chunks(seed: int, number: int = CHUNKS) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Draws times (n, 2) and vectors (n, 24) of the file of a seed, by modality."""
    rng = np.random.default_rng(seed)
    times = np.arange(number)[:, None] + [0.0, 2.0]
    walk = {name: rng.normal(size=(number + 2, 24)) for name in ('video', 'audio')}
    return {name: (times, 2 + x[:-2] + x[1:-1] + x[2:]) for name, x in walk.items()}


def make_index(folder, files: list, root: str = '') -> FingerprintIndex:
    """Makes an index of files ``ROOT/000.mp4`` ... that :func:`chunks` draws; open for writing."""
    index = FingerprintIndex(folder, write=True)
    index.catalog.set_metadata(chunk=2.0)
    for place, file in enumerate(files):
        tracks = {name: (*track, 0) for name, track in file.items()}
        index.catalog.replace(f'{root}/{place:03d}.mp4', '0', tracks)
    update_whitening(index.catalog)
    index.catalog.set_metadata(**find_thresholds(index))
    return index
