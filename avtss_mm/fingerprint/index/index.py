"""An index on disk: a folder with a catalog and a back-end that searches its vectors.

The catalog is authoritative. Opening the index synchronises the back-end with it: missing vectors
are added from the catalog, surplus ones are removed or ignored.

The catalog stores the original features, the back-end whitened ones (:mod:`.whitening`).
"""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ...apis.embedder import Embedder
from ...errors import UsageError
from ...files.writable import check_writable
from ...workers.progress import late_bar
from ..choices import LETTERS, MODALITIES
from ..matching.whitening import Whitening
from .backends import CATALOG, PLACE, check_backend, drop_vectors, open_backend, remove_index
from .catalog import Catalog
from .index_whitening import WHITENING, known_whitening
from .settings import refuse_other_model, settings_of
from .tables import POSITION_BITS, Track
from .vector_index import VectorIndex

TRACKS = 1000
"""Number of tracks whose vectors are added together."""


class FingerprintIndex:
    """An open index.

    Args:
        folder: Folder of the index.
        write: Whether to open it for writing. Only one process may write at a time; any number may
            read meanwhile.
        rebuild: Whether to delete its contents first.

    Attributes:
        catalog: Catalog of the index.
        ceilings: Ceilings by modality that were computed because an older version stored none.

    Raises:
        UsageError: If it does not exist, is damaged, or another process writes to it.
    """

    def __init__(self, folder, write: bool = False, rebuild: bool = False) -> None:
        self.folder, self.write = Path(folder), write
        self._open = ExitStack()
        self._backends: dict[str, VectorIndex] = {}
        self._whitenings: dict[str, tuple[int, Whitening]] = {}
        self.ceilings: dict[str, float] = {}
        if write:
            check_writable(self.folder, 'it can only be searched')
            self._lock()
        if rebuild:
            remove_index(self.folder)
        self.catalog = Catalog(self.folder / CATALOG, write)
        self._open.callback(self.catalog.close)

    def __enter__(self) -> FingerprintIndex:
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def begin(self, embedder: Embedder, **metadata) -> None:
        """Assigns an empty index to a model, or checks that a filled one belongs to it.

        Args:
            embedder: Embedder of :func:`chunk_embedder`.
            **metadata: Plain values to store: ``checkpoint`` and ``config`` as the user named them,
                ``folders``, ``backend``, ``factory``, ``milvus_uri``.

        Raises:
            UsageError: If its features come from other weights.
        """
        known = self.catalog.metadata
        check_backend({**known, **metadata})
        if 'weights_sha256' in known:
            self.check(embedder, metadata.get('checkpoint'), metadata.get('config'))
        else:
            metadata.update(settings_of(embedder))
        moved = any(known.get(name) != metadata[name] for name in PLACE if name in metadata)
        if moved or 'collection' not in known:
            drop_vectors(known)
            metadata['collection'] = f'avtss_{uuid.uuid4().hex}'
        if any(known.get(name) != value for name, value in metadata.items()):
            self.catalog.set_metadata(**metadata)

    def check(
        self, embedder: Embedder, checkpoint: str | None = None, config: str | None = None
    ) -> None:
        """Refuses a model whose features are not comparable with those of the index.

        Args:
            embedder: Embedder of :func:`chunk_embedder`.
            checkpoint: Checkpoint as the user named it, for the message.
            config: Config as the user named it, for the message.

        Raises:
            UsageError: If so; the text has the command that rebuilds the index.
        """
        refuse_other_model(self.folder, self.catalog.metadata, embedder, checkpoint, config)

    def whiten(self, modality: str, vectors: np.ndarray) -> np.ndarray:
        """Whitens features (n, D) for comparison: unit vectors, float32."""
        revision = self._version(modality)[1]
        if modality not in self._whitenings or self._whitenings[modality][0] != revision:
            self._whitenings[modality] = revision, known_whitening(self.catalog, modality)
        return self._whitenings[modality][1](vectors)

    def vectors(self, modality: str) -> VectorIndex | None:
        """Back-end that searches the vectors of a modality; None if there are none."""
        if modality not in self._backends and (tracks := self.catalog.tracks_of(modality)):
            _, first = next(self.catalog.vectors(tracks[:1]))
            options = (modality, first.shape[1], self._version(modality), self.write)
            backend = open_backend(self.folder, self.catalog.metadata, *options)
            self._backends[modality] = backend
            self._open.callback(backend.close)
            self._fill(backend, modality)
        return self._backends.get(modality)

    def save(self) -> None:
        """Synchronises the back-ends with the catalog and saves them."""
        backends = {name: self.vectors(name) for name in LETTERS}
        saved = {
            name: [backend.save(), *self._version(name)]
            for name, backend in backends.items()
            if backend is not None
        }
        self.catalog.set_metadata(**{f'{name}_saved': state for name, state in saved.items()})

    def locate(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Files and mid-times (s) of chunks by their ids (n,); -1 for unknown chunks."""
        files, middles = np.full(len(ids), -1), np.zeros(len(ids))
        keys, positions = ids >> POSITION_BITS, ids & ((1 << POSITION_BITS) - 1)
        for key in np.unique(keys):
            track = self.catalog.tracks.get(int(key))
            if track is not None:
                rows = np.flatnonzero(keys == key)
                files[rows] = track.file
                middles[rows] = self.middles(track)[positions[rows]]
        return files, middles

    def middles(self, track: Track) -> np.ndarray:
        """Mid-times of a track's chunks in seconds (n,); a chunk may extend beyond the end."""
        return track.times[:, 0] + self.catalog.metadata['chunk'] / 2

    def end(self, path: str) -> float:
        """End of the last chunk of a file in seconds."""
        tracks = self.catalog.files[path].tracks.values()
        return max((float(track.times.max(initial=0)) for track in tracks), default=0.0)

    def stats(self) -> dict:
        """Summarises the index: files, chunks by modality, hours, thresholds, back-end."""
        metadata, files = self.catalog.metadata, self.catalog.files
        names = ('checkpoint', 'weights_sha256', 'chunk', 'folders', 'thresholds')
        tracks = {name: self.catalog.tracks_of(name) for name in LETTERS}
        tracks = {
            name: found for name, found in tracks.items() if found or name in MODALITIES['av']
        }
        return dict(
            files=len(files),
            hours=round(sum(map(self.end, files)) / 3600, 3),
            **{f'{name}_chunks': sum(len(t.times) for t in tracks[name]) for name in tracks},
            **{f'{name}_dropped': self._dropped(name) for name in tracks},
            **{name: metadata.get(name) for name in names},
            backends={name: self.vectors(name).stats() for name in tracks if tracks[name]},
            disk_mb=round(sum(p.stat().st_size for p in self.folder.rglob('*')) / 1e6, 1),
        )

    def _dropped(self, modality: str) -> int:
        tracks = self.catalog.tracks.values()
        return sum(track.dropped for track in tracks if track.modality == modality)

    def _lock(self) -> None:
        """Locks the index until the process ends, however it ends."""
        lock = sqlite3.connect(self.folder / 'lock.sqlite', isolation_level=None, timeout=0)
        self._open.callback(lock.close)
        try:
            lock.execute('BEGIN EXCLUSIVE')
        except sqlite3.DatabaseError as error:
            self.close()
            raise UsageError(f'{self.folder} cannot be locked for changes: {error}') from error

    def _fill(self, backend: VectorIndex, modality: str) -> None:
        tracks = self.catalog.tracks_of(modality)
        wanted = np.concatenate([track.chunk_ids for track in tracks])
        saved = self.catalog.metadata.get(f'{modality}_saved', [None, None, None])
        state, *version = saved
        if version == self._version(modality) and len(backend) == len(wanted):
            return
        if size := backend.training_size:
            sample = [rows for _, rows in self.catalog.vectors(tracks[:: len(wanted) // size + 1])]
            backend.train(self.whiten(modality, np.concatenate(sample)))
        present = backend.ids()
        if self.write:  # a reader may be behind: chunks that it does not know may be new
            same = version[1] == self._version(modality)[1]
            backend.delete(np.setdiff1d(present, wanted if same else []))
            present = np.intersect1d(present, wanted if same else [])
            unfinished = [state if same else None, None, self._version(modality)[1]]
            self.catalog.set_metadata(**{f'{modality}_saved': unfinished})
        self._add(backend, modality, np.setdiff1d(wanted, present))

    def _add(self, backend: VectorIndex, modality: str, ids: np.ndarray) -> None:
        """Adds the vectors of chunks by their ids (n,), which are sorted."""
        keys, starts = np.unique(ids >> POSITION_BITS, return_index=True)
        parts = np.split(ids & ((1 << POSITION_BITS) - 1), starts[1:])
        rows, first = [], 0
        found = self.catalog.vectors(self.catalog.tracks[key] for key in keys.tolist())
        found = late_bar(found, f'{modality} into the index', len(keys))
        for number, ((_, vectors), positions) in enumerate(zip(found, parts), 1):
            rows.append(self.whiten(modality, vectors[positions]))
            if number % TRACKS == 0 or number == len(keys):
                added = np.concatenate(rows)
                backend.add(added, ids[first : first + len(added)])
                rows, first = [], first + len(added)

    def _version(self, modality: str) -> list[int]:
        """Revisions of catalog and whitening, which determine the contents of a back-end."""
        whitening = self.catalog.metadata.get(WHITENING, {}).get(modality, {})
        return [self.catalog.metadata['revision'], whitening.get('revision', 0)]
