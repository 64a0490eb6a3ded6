"""The whitening of an index, stored in its catalog."""

from __future__ import annotations

import base64

import numpy as np

from ..choices import LETTERS
from ..matching.whitening import SAMPLE, Whitening
from .catalog import Catalog
from .tables import Track

WHITENING = 'whitening'
"""By modality: number of chunks and revision of the catalog at the time of the fit, and values."""


def known_whitening(catalog: Catalog, modality: str) -> Whitening:
    """Whitening stored in a catalog, or else one fitted to its contents."""
    kept = catalog.metadata.get(WHITENING, {}).get(modality)
    if kept is None:
        return _fit(catalog, modality)
    rows = np.frombuffer(base64.b64decode(kept['numbers']), '<f4')
    size = round((np.sqrt(4 * len(rows) + 1) - 1) / 2)  # a row with the mean, then the matrix
    return Whitening(rows[:size], rows[size:].reshape(size, size))


def update_whitening(catalog: Catalog) -> None:
    """Fits the whitening again if the index has doubled or halved since the last fit."""
    kept = catalog.metadata.get(WHITENING, {})
    new = {}
    for modality in LETTERS:
        number = sum(len(track.times) for track in catalog.tracks_of(modality))
        before = kept.get(modality, dict(number=np.inf))['number']
        if number and not 0.5 < number / before < 2:
            fitted = _fit(catalog, modality)
            numbers = np.concatenate([fitted.mean, fitted.matrix.ravel()]).astype('<f4')
            text = base64.b64encode(numbers.tobytes()).decode()
            new[modality] = dict(number=number, revision=catalog.metadata['revision'], numbers=text)
    if new:
        catalog.set_metadata(**{WHITENING: {**kept, **new}})


def by_path(catalog: Catalog, modality: str) -> list[Track]:
    """Tracks of a modality, sorted by the paths of their files."""
    return sorted(catalog.tracks_of(modality), key=lambda track: catalog.paths[track.file])


def _fit(catalog: Catalog, modality: str) -> Whitening:
    tracks = by_path(catalog, modality)
    step = sum(len(track.times) for track in tracks) // SAMPLE + 1
    return Whitening.of(np.concatenate([rows for _, rows in catalog.vectors(tracks[::step])]))
