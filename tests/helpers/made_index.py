"""Makes an index with the command and reads its contents."""

from __future__ import annotations

from avtss_mm.fingerprint.cli import main
from avtss_mm.fingerprint.index.catalog import Catalog


def make_index(out, media, model):
    """Indexes a folder with a model of ``small_encoder.write_model``; returns ``out``."""
    main(['index', str(media), '-o', str(out), '--checkpoint', model[1], '--workers', '2'])
    return out


def content(folder):
    """Reads the contents of an index without ids, folders and names of collections."""
    catalog = Catalog(folder / 'catalog.sqlite')
    rows = [catalog.metadata['thresholds'], catalog.metadata['weights_sha256']]
    rows.append([known['numbers'] for known in catalog.metadata['whitening'].values()])
    for name, file in sorted(catalog.files.items()):
        for modality, track in sorted(file.tracks.items()):
            ((_, vectors),) = catalog.vectors([track])
            rows.append((name, file.stamp, modality, track.times.tobytes(), vectors.tobytes()))
    catalog.close()
    return rows


def vectors_of(index) -> dict[tuple, bytes]:
    """Vectors and times in an index, by path and modality."""
    catalog = Catalog(index / 'catalog.sqlite')
    return {
        (catalog.paths[track.file], track.modality): vectors.tobytes() + track.times.tobytes()
        for track, vectors in catalog.vectors(catalog.tracks.values())
    }
