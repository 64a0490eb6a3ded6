"""The tables of the catalog and their rows in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

FORMAT = 1
"""Format number of the database; others are refused."""

POSITION_BITS = 24
"""Number of bits of a chunk's id for its position in the track; the others are the track's id."""

TABLES = {
    'facts': 'name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL',
    # ids are never reused: those in a back-end tell which vectors are missing or surplus
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
        id: Id of the track.
        file: Id of the file.
        modality: Modality, ``'video'`` or ``'audio'``.
        dropped: Number of chunks dropped because they are still or silent.
        times: Start and end of each chunk in seconds (n, 2).
    """

    id: int
    file: int
    modality: str
    dropped: int
    times: np.ndarray

    @property
    def chunk_ids(self) -> np.ndarray:
        """Ids of the chunks (n,) int64."""
        return (self.id << POSITION_BITS) + np.arange(len(self.times))


@dataclass(frozen=True)
class File:
    """An indexed file: its id, path, stamp (changes when the file changes), tracks by modality."""

    id: int
    path: str
    stamp: str
    tracks: dict[str, Track] = field(default_factory=dict)


def make_track(key: int, file: int, modality: str, dropped: int, times: bytes) -> Track:
    """Makes a track from its row; ``times`` are the stored bytes of :attr:`Track.times`."""
    return Track(key, file, modality, dropped, np.frombuffer(times, '<f8').reshape(-1, 2))


def checksum(table: str, row: Iterable) -> int:
    """Checksum of a row: of all values except those with their own checksum."""
    return zlib.crc32(repr((table, *row)).encode())
