"""The catalog of an index: files, times and vectors of their chunks, and metadata, in a database.

Every change is one transaction: a process that is killed leaves the state before or after it. Each
row has a checksum, and their sum is kept, too, so that damage is noticed rather than searched.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ...errors import UsageError
from .reading import has_journal, readable
from .tables import FORMAT, TABLES, File, Track, checksum, make_track

TOTAL = ('facts', 'total')
"""Table and name of the sum of the checksums of all other rows."""


class Catalog:
    """An open database. Everything but the vectors is held in memory.

    Args:
        path: Path of the database.
        write: Whether to open it for writing, and create it if missing.

    Attributes:
        metadata: Metadata: plain values by name.
        files: Files by path.
        paths: Paths of the files by id.
        tracks: Tracks by id.

    Raises:
        UsageError: If the file is damaged, of another format, or missing.
    """

    def __init__(self, path, write: bool = False) -> None:
        self.path = os.fspath(path)
        if not write and not os.path.isfile(self.path):
            raise UsageError(
                f'{os.path.dirname(self.path)} is not an index: "avtss-fp index" makes one'
            )
        self.metadata: dict = {}
        self.files: dict[str, File] = {}
        self.paths: dict[int, str] = {}
        self.tracks: dict[int, Track] = {}
        self._sum = 0  # of the checksums of all rows but that of the total
        try:
            self._begin(write, self.path)
        except UsageError:
            if write or has_journal(self.path):
                raise
            # in a read-only folder nobody writes, and no journal is needed
            self._begin(write, f'{Path(os.path.abspath(self.path)).as_uri()}?immutable=1')

    def close(self) -> None:
        self._database.close()

    def set_metadata(self, **values) -> None:
        """Stores metadata: plain values by name."""
        with self._change():
            for name, value in values.items():
                self._set_value(name, value)

    def replace(
        self, path: str, stamp: str, tracks: Mapping[str, tuple[np.ndarray, np.ndarray, int]]
    ) -> None:
        """Adds or replaces a file, completely or not at all.

        Args:
            path: Path of the file.
            stamp: Stamp that changes when the file changes.
            tracks: Tracks by modality: times (n, 2) in seconds, vectors (n, D), stored as float16,
                and the number of dropped chunks.
        """
        with self._change():
            self._next_revision()
            self._remove(path)
            key = self._insert('files', path=os.fsencode(path), stamp=stamp)
            self._add_file(key, path, stamp)
            for modality, (times, vectors, dropped) in tracks.items():
                row = dict(file=key, modality=modality, dropped=int(dropped))
                row['times'] = np.ascontiguousarray(times, '<f8').tobytes()
                blob = np.ascontiguousarray(vectors, '<f2').tobytes()
                rest = dict(vectors_crc=zlib.crc32(blob), vectors=blob)
                self._add_track(make_track(self._insert('tracks', rest, **row), *row.values()))

    def remove(self, paths: Iterable[str]) -> None:
        """Removes files."""
        with self._change():
            self._next_revision()
            for path in paths:
                self._remove(path)

    def vectors(self, tracks: Iterable[Track]) -> Iterator[tuple[Track, np.ndarray]]:
        """Yields the vectors (n, D) float32 of tracks, one after the other.

        Raises:
            UsageError: If they are damaged.
        """
        query = 'SELECT vectors_crc, vectors FROM tracks WHERE id = ?'
        for track in tracks:
            with readable(self.path):
                crc, blob = self._database.execute(query, (track.id,)).fetchone() or (0, b'x')
                if not isinstance(blob, bytes) or zlib.crc32(blob) != crc:
                    raise sqlite3.DatabaseError('checksum of vectors')
            vectors = np.frombuffer(blob, '<f2').astype(np.float32)
            yield track, vectors.reshape(max(len(track.times), 1), -1)[: len(track.times)]

    def tracks_of(self, modality: str) -> list[Track]:
        """All tracks of a modality that have chunks."""
        tracks = self.tracks.values()
        return [track for track in tracks if track.modality == modality and len(track.times)]

    def _begin(self, write: bool, name: str) -> None:
        with readable(self.path):
            uri = name != self.path
            self._database = sqlite3.connect(name, isolation_level=None, timeout=30, uri=uri)
            self._open(write)
            self._load()

    def _open(self, write: bool) -> None:
        self._database.execute('PRAGMA trusted_schema = OFF')
        self._database.execute('PRAGMA cell_size_check = ON')
        if write:
            self._database.execute('PRAGMA journal_mode = WAL')
            self._database.execute('PRAGMA synchronous = NORMAL')
        else:
            self._database.execute('PRAGMA query_only = ON')
        schema = {name: f'CREATE TABLE {name} ({columns})' for name, columns in TABLES.items()}
        found = self._database.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        found = dict(found.fetchall())
        if write and not found:
            with self._change(new=True):
                for statement in schema.values():
                    self._database.execute(statement)
                self._set_value('format', FORMAT)
                self._set_value('revision', 0)
        elif not found:  # killed before the database was created
            raise UsageError(f'{self.path} is empty: "avtss-fp index" fills it')
        elif found != schema:
            raise sqlite3.DatabaseError('not the tables of an index')

    def _load(self) -> None:
        """Reads and checks everything but the vectors, in one state of the database."""
        self._database.execute('BEGIN')
        self.metadata, self.files, self.paths, self.tracks, self._sum = {}, {}, {}, {}, 0
        for name, value in self._rows('facts', 'name, value'):
            self.metadata[name] = json.loads(value)
        for key, path, stamp in self._rows('files', 'id, path, stamp'):
            self._add_file(key, os.fsdecode(path), stamp)
        for values in self._rows('tracks', 'id, file, modality, dropped, times'):
            self._add_track(make_track(*values))
        self._database.execute('COMMIT')
        if self.metadata.get('format') != FORMAT:
            raise sqlite3.DatabaseError(f'format {self.metadata.get("format")}, not {FORMAT}')
        if self.metadata.get('total') != self._sum % 2**48:
            raise sqlite3.DatabaseError('rows are missing')

    def _rows(self, table: str, columns: str) -> Iterator[tuple]:
        # the names of tables and columns are constants, values are bound
        for *row, crc in self._database.execute(f'SELECT {columns}, crc FROM {table}'):
            if checksum(table, row) != crc:
                raise sqlite3.DatabaseError(f'checksum of {table}')
            if (table, row[0]) != TOTAL:
                self._sum += crc
            yield row

    @contextmanager
    def _change(self, new: bool = False) -> Iterator[None]:
        """Runs one transaction, then updates the memory."""
        try:
            self._database.execute('BEGIN IMMEDIATE')
            yield
            self._set_value('total', self._sum % 2**48)
            self._database.execute('COMMIT')
        except BaseException as error:
            if self._database.in_transaction:
                self._database.execute('ROLLBACK')
            if not new:
                self._load()
            if isinstance(error, sqlite3.Error):
                raise UsageError(f'{self.path} cannot be written: {error}') from error
            raise

    def _next_revision(self) -> None:
        """Increases ``revision``, which identifies the state of files and vectors."""
        self._set_value('revision', self.metadata['revision'] + 1)

    def _set_value(self, name: str, value) -> None:
        self._delete('facts', 'name', name)
        self.metadata[name] = value
        row = (name, json.dumps(value))
        crc = checksum('facts', row)
        if ('facts', name) != TOTAL:
            self._sum += crc
        self._database.execute('INSERT INTO facts VALUES (?, ?, ?)', (*row, crc))

    def _insert(self, table: str, unchecked: Mapping = {}, **row) -> int:  # noqa: B006
        """Inserts a row with its checksum; returns its id, which was never used before."""
        query = 'SELECT seq FROM sqlite_sequence WHERE name = ?'
        key = (self._database.execute(query, (table,)).fetchone() or [0])[0] + 1
        crc = checksum(table, (key, *row.values()))
        self._sum += crc
        values = dict(id=key, **row, crc=crc, **unchecked)
        marks = ', '.join('?' * len(values))
        insert = f'INSERT INTO {table} ({", ".join(values)}) VALUES ({marks})'
        self._database.execute(insert, tuple(values.values()))
        return key

    def _add_file(self, key: int, path: str, stamp: str) -> None:
        self.files[path], self.paths[key] = File(key, path, stamp), path

    def _add_track(self, track: Track) -> None:
        self.tracks[track.id] = track
        self.files[self.paths[track.file]].tracks[track.modality] = track

    def _remove(self, path: str) -> None:
        file = self.files.pop(path, None)
        if file is None:
            return
        del self.paths[file.id]
        tracks = [track.id for track in file.tracks.values()]
        self._delete('files', 'id', file.id)
        for key in tracks:
            self._delete('tracks', 'id', key)
            del self.tracks[key]

    def _delete(self, table: str, column: str, key) -> None:
        """Deletes a row, if there is one, and takes its checksum off the sum."""
        query = f'SELECT crc FROM {table} WHERE {column} = ?'
        for (crc,) in self._database.execute(query, (key,)).fetchall():
            if (table, key) != TOTAL:
                self._sum -= crc
            self._database.execute(f'DELETE FROM {table} WHERE {column} = ?', (key,))
