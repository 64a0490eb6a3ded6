"""Tables of features as Parquet or npz: columns by name, and facts about the whole."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile, ZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .whole_file import written_whole

SUFFIXES = ('.parquet', '.npz')
METADATA = 'metadata'
UNREADABLE = (
    *(ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, pa.ArrowException),
    *(BadZipFile, zlib.error, NotImplementedError, RuntimeError, SyntaxError, TokenError),
    *(MemoryError, OverflowError),  # of an array that says it is larger than any
)
"""What NumPy and pyarrow raise at damaged files."""

SMALL, MAX_GROWTH = 2**28, 20
"""Bytes that any npz file may unpack to, and how many times its own size a larger one may: features
hardly shrink when they are packed, and :func:`save_features` does not pack them."""


def save_features(path, columns: Mapping[str, np.ndarray], metadata: Mapping) -> None:
    """Writes a table at once or not at all.

    Parquet has feature columns as lists of fixed size and the metadata under the key
    ``metadata`` of its schema; npz has the arrays, and the metadata as an array of one string.
    Both hold it as JSON.

    Args:
        path: File to write, ``.parquet`` or ``.npz``.
        columns: Arrays of equal length: texts (n,), numbers (n,) or features (n, C).
        metadata: Plain values.

    Raises:
        ValueError: If the suffix is another.
    """
    path = Path(path)
    text = json.dumps(metadata)
    if path.suffix not in SUFFIXES:
        raise ValueError(f'{path}: the name must end with {" or ".join(SUFFIXES)}')
    with written_whole(path) as draft:
        if path.suffix == '.npz':
            np.savez(draft, **columns, **{METADATA: np.array(text)})
        else:
            table = pa.table({name: _to_arrow(column) for name, column in columns.items()})
            pq.write_table(table.replace_schema_metadata({METADATA: text}), draft)


def load_features(path) -> tuple[dict[str, np.ndarray], dict]:
    """Reads a table back: its columns and its metadata.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a table of :func:`save_features`.
    """
    try:
        if Path(path).suffix == '.npz':
            columns = read_npz(path)
            text = str(columns.pop(METADATA))
        else:
            table = pq.read_table(path)
            columns = {name: _to_numpy(table[name]) for name in table.column_names}
            text = table.schema.metadata[METADATA.encode()]
        metadata = json.loads(text)
        if not isinstance(metadata, dict) or len({len(column) for column in columns.values()}) > 1:
            raise ValueError('columns differ in length, or the metadata is no dict')
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise ValueError(f'{path} is not a file of tools/extract_features.py ({error})') from error
    return columns, metadata


def read_npz(path) -> dict[str, np.ndarray]:
    """The arrays of an npz file, read without pickle.

    Raises:
        FileNotFoundError: If there is no such file.
        Exception: One of :data:`UNREADABLE`, if it is something else.
    """
    _check_sizes(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _check_sizes(path) -> None:
    """Refuse what would grow in memory, by the directory of the archive, which bounds it."""
    with ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > max(SMALL, MAX_GROWTH * os.path.getsize(path)):
        raise ValueError(f'its {os.path.getsize(path):,} bytes would become {unpacked:,}')


def _to_arrow(column: np.ndarray) -> pa.Array:
    if column.ndim == 1:
        return pa.array(column)
    return pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), column.shape[1])


def _to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_fixed_size_list(column.type):
        return column.combine_chunks().flatten().to_numpy().reshape(len(column), -1)
    values = column.to_numpy()
    return values.astype(str) if values.dtype == object else values
