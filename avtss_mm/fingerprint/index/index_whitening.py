"""The whitening that an index goes by, kept in its catalog."""

from __future__ import annotations

import base64

import numpy as np

from ..matching.whitening import SAMPLE, Whitening
from .catalog import Catalog
from .tables import Track

WHITENING = 'whitening'
"""By modality: number of chunks and revision of the catalog when it was fitted, and its numbers."""


def known_whitening(catalog: Catalog, modality: str) -> Whitening:
    """The one kept in a catalog, or else a new one of what is in it."""
    kept = catalog.metadata.get(WHITENING, {}).get(modality)
    if kept is None:
        return _fit(catalog, modality)
    rows = np.frombuffer(base64.b64decode(kept['numbers']), '<f4')
    size = round((np.sqrt(4 * len(rows) + 1) - 1) / 2)  # a row of the mean, then the matrix
    return Whitening(rows[:size], rows[size:].reshape(size, size))


def update_whitening(catalog: Catalog) -> None:
    """Fits anew where the index has doubled or halved since."""
    kept = catalog.metadata.get(WHITENING, {})
    new = {}
    for modality in ('video', 'audio'):
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
    """The tracks of a modality, sorted by the paths of their files."""
    return sorted(catalog.tracks_of(modality), key=lambda track: catalog.paths[track.file])


def _fit(catalog: Catalog, modality: str) -> Whitening:
    tracks = by_path(catalog, modality)
    step = sum(len(track.times) for track in tracks) // SAMPLE + 1
    return Whitening.of(np.concatenate([rows for _, rows in catalog.vectors(tracks[::step])]))
