"""An index of made-up features: vectors that go on from one another and have much in common."""

from __future__ import annotations

import numpy as np

from avtss_mm.fingerprint.index.calibration import calibrate
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.index.index_whitening import update_whitening

CHUNKS = 12


def chunks(seed: int, number: int = CHUNKS) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Times (n, 2) and vectors (n, 24) by modality, of the file of a seed."""
    rng = np.random.default_rng(seed)
    times = np.arange(number)[:, None] + [0.0, 2.0]
    walk = {name: rng.normal(size=(number + 2, 24)) for name in ('video', 'audio')}
    return {name: (times, 2 + x[:-2] + x[1:-1] + x[2:]) for name, x in walk.items()}


def make_index(folder, files: list) -> FingerprintIndex:
    """An index of files ``/000.mp4`` ..., each as of :func:`chunks`; open for changes."""
    index = FingerprintIndex(folder, write=True)
    index.catalog.set_facts(chunk=2.0)
    for place, file in enumerate(files):
        tracks = {name: (*track, 0) for name, track in file.items()}
        index.catalog.replace(f'/{place:03d}.mp4', '0', tracks)
    update_whitening(index.catalog)
    index.catalog.set_facts(thresholds=calibrate(index))
    return index
