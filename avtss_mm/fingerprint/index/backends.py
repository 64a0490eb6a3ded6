"""Back-ends of an index, as its metadata name them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from ...errors import UsageError, one_line
from ...files.writable import may_write
from ..choices import LETTERS
from .catalog import Catalog
from .faiss_index import FaissIndex
from .vector_index import VectorIndex

CATALOG = 'catalog.sqlite'

PLACE = ('backend', 'factory', 'milvus_uri')
"""Metadata that say where the vectors are; if one changes, they are stored anew."""


def open_backend(
    folder: Path, metadata: Mapping, modality: str, dim: int, version: list[int], write: bool
) -> VectorIndex:
    """Opens the back-end of a modality.

    Args:
        folder: Folder of the index.
        metadata: Metadata of the index.
        modality: Modality, ``'video'`` or ``'audio'``.
        dim: Number of dimensions D.
        version: Revisions of catalog and whitening.
        write: Whether to open it for writing.

    Raises:
        UsageError: If it cannot be opened.
    """
    state, _, whitening = metadata.get(f'{modality}_saved', [None, None, None])
    factory, is_whitened = metadata.get('factory') or 'Flat', whitening == version[1]
    if metadata.get('backend') != 'milvus':
        state = state if is_whitened else None
        return FaissIndex(dim, factory, folder / f'{modality}.faiss', state)
    uri = metadata.get('milvus_uri') or str(folder / 'milvus.db')
    is_server = '://' in uri  # Milvus Lite writes even to search
    if not write and not (is_whitened and (is_server or may_write(uri))):
        return FaissIndex(dim)  # a reader changes nothing
    return _milvus().MilvusIndex(dim, uri, f'{metadata["collection"]}_{modality}', factory)


def check_backend(metadata: Mapping) -> None:
    """Refuses a Milvus server that does not answer, or a kind of index that it has not.

    Raises:
        UsageError: If so.
    """
    if metadata.get('backend') != 'milvus':
        return
    milvus = _milvus()
    milvus.index_of(metadata.get('factory') or 'Flat')
    uri = metadata.get('milvus_uri')
    if uri and '://' in uri:
        milvus.connect(uri).close()
    elif uri and not uri.endswith('.db'):
        raise UsageError(f'--milvus-uri {uri} is neither http://HOST:PORT nor a path ending in .db')


def drop_vectors(metadata: Mapping) -> None:
    """Removes the vectors of an index from its Milvus server; says so if that fails."""
    uri = metadata.get('milvus_uri')
    if metadata.get('backend') != 'milvus' or not uri or '://' not in uri:
        return
    names = [f'{metadata["collection"]}_{modality}' for modality in LETTERS]
    try:
        for name in names:
            _milvus().drop_collection(uri, name)
    except UsageError as error:
        sys.stderr.write(one_line(f'{" and ".join(names)} stay there: {error}') + '\n')


def remove_index(folder: Path) -> None:
    """Deletes the files of an index and its vectors on a server, and nothing else."""
    try:
        catalog = Catalog(folder / CATALOG)
        drop_vectors(catalog.metadata)
        catalog.close()
    except UsageError:
        pass  # there is none, or it is damaged
    for path in [*folder.glob(f'{CATALOG}*'), *folder.glob('*.faiss')]:
        path.unlink()
    shutil.rmtree(folder / 'milvus.db', ignore_errors=True)


def _milvus() -> ModuleType:
    """Imports the module of Milvus, which is an extra."""
    try:
        from . import milvus_index
    except ModuleNotFoundError as error:
        raise UsageError(f"{error}: Milvus needs pip install 'avtss-mm[milvus]'") from error
    return milvus_index
