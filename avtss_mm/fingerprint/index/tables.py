"""The tables of the catalog, and their rows in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

FORMAT = 1
"""Of the database; other numbers are refused."""

POSITION_BITS = 24
"""The id of a chunk is the id of its track and, in that many bits, its place in the track."""

TABLES = {
    'facts': 'name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL',
    # never an id twice: the ids in a back-end tell what it lacks and what it has too much
    'files': 'id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL UNIQUE, '
    'stamp TEXT NOT NULL, crc INTEGER NOT NULL',
    'tracks': 'id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL, '
    'modality TEXT NOT NULL, dropped INTEGER NOT NULL, times BLOB NOT NULL, '
    'crc INTEGER NOT NULL, vectors_crc INTEGER NOT NULL, vectors BLOB NOT NULL',
}


@dataclass(frozen=True)
class Track:
    """The chunks of a file in one modality.

    Attributes:
        id: Of the track.
        file: Id of the file.
        modality: ``'video'`` or ``'audio'``.
        dropped: Chunks left out, as still or silent.
        times: Begin and end of each chunk in seconds (n, 2).
    """

    id: int
    file: int
    modality: str
    dropped: int
    times: np.ndarray

    @property
    def chunk_ids(self) -> np.ndarray:
        """Ids (n,) int64 of the chunks."""
        return (self.id << POSITION_BITS) + np.arange(len(self.times))


@dataclass(frozen=True)
class File:
    """An indexed file: its id, its path, what changes when it does, its tracks by modality."""

    id: int
    path: str
    stamp: str
    tracks: dict[str, Track] = field(default_factory=dict)


def make_track(key: int, file: int, modality: str, dropped: int, times: bytes) -> Track:
    """A track as its row says; ``times`` is what :attr:`Track.times` are kept as."""
    return Track(key, file, modality, dropped, np.frombuffer(times, '<f8').reshape(-1, 2))


def checksum(table: str, row: Iterable) -> int:
    """What tells a damaged row: of its values, but those that have a checksum of their own."""
    return zlib.crc32(repr((table, *row)).encode())
