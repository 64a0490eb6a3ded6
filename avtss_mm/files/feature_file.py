"""Tables of features as Parquet or npz: named columns and metadata."""

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
    *(MemoryError, OverflowError),  # an array that claims an impossible size
)
"""Errors that NumPy and pyarrow raise for damaged files."""

SMALL, MAX_GROWTH = 2**28, 20
"""Bytes to which any npz file may unpack, and maximum growth factor of larger ones. Features hardly
compress, and :func:`save_features` does not compress them."""


def save_features(path, columns: Mapping[str, np.ndarray], metadata: Mapping) -> None:
    """Writes a table, completely or not at all.

    Parquet stores features as lists of fixed size and the metadata under the key ``metadata`` of
    the schema. npz stores arrays, and the metadata as an array of one string. The metadata is JSON.

    Args:
        path: Path of the file to write, ``.parquet`` or ``.npz``.
        columns: Arrays of equal length: texts (n,), numbers (n,) or features (n, C).
        metadata: Metadata in plain values.

    Raises:
        ValueError: If the suffix is neither.
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
    """Reads the columns and the metadata of a table.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If :func:`save_features` did not write it.
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
            raise ValueError('columns differ in length, or the metadata is not a dict')
    except FileNotFoundError:
        raise
    except UNREADABLE as error:
        raise ValueError(f'{path} is not a file of tools/extract_features.py ({error})') from error
    return columns, metadata


def read_npz(path) -> dict[str, np.ndarray]:
    """Reads the arrays of an npz file without pickle.

    Raises:
        FileNotFoundError: If there is no such file.
        Exception: One of :data:`UNREADABLE`, if it is not an npz file.
    """
    _check_sizes(path)
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _check_sizes(path) -> None:
    """Refuses an archive that would grow too much in memory, by the sizes in its directory."""
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
