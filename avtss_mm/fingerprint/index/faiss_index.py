"""Vectors in memory, searched with faiss."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import faiss
import numpy as np

from ...errors import UsageError
from ...files.whole_file import written_whole
from .vector_index import VectorIndex, probes

# A matrix product reads the vectors once, not once for each of a query's few chunks.
faiss.cvar.distance_compute_blas_threshold = 4

POINTS_PER_LIST = 39
"""Number of training vectors per cell that faiss requires for an inverted file."""

TRAINING = 200_000
"""Maximum number of vectors to train with, unless there are many cells."""

CODEBOOK = 256
"""Minimum number of centroids that a product quantiser fits."""


class FaissIndex(VectorIndex):
    """A faiss index in memory.

    ``'Flat'`` is exact and takes 4 bytes per dimension. An index that must be trained, such as
    ``'IVF1024,SQ8'``, is stored in a file; it is ``'Flat'`` until there are enough vectors.

    Args:
        dim: Number of dimensions D.
        factory: Argument of faiss' ``index_factory``: an inverted file or ``'Flat'``, because
            others cannot delete.
        path: Path of a trained index. Defaults to None: not stored.
        state: Result of :meth:`save`; a file with another state is not read.

    Raises:
        UsageError: If faiss has no such index, or the index cannot delete.
    """

    def __init__(
        self, dim: int, factory: str = 'Flat', path=None, state: str | None = None
    ) -> None:
        self.dim, self.factory = dim, factory
        self._path = None if path is None else Path(path)
        self._index = self._read(state)
        if self._index is None:
            self._index = self._make(factory)

    @property
    def training_size(self) -> int:
        if self._index.is_trained:
            return 0
        lists = faiss.extract_index_ivf(self._index).nlist
        return max(TRAINING, 2 * POINTS_PER_LIST * lists)

    def train(self, vectors: np.ndarray) -> None:
        lists = faiss.extract_index_ivf(self._index).nlist
        if len(vectors) < max(POINTS_PER_LIST * lists, CODEBOOK * POINTS_PER_LIST):
            self._index = self._make('Flat')
        else:
            print(f'training {self.factory} on {len(vectors):,} chunks', file=sys.stderr)
            self._index.train(vectors)

    def add(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids)

    def search(self, vectors, topk, exclude=None):
        parameters = None
        if exclude is not None:
            selector = faiss.IDSelectorNot(faiss.IDSelectorRange(*map(int, exclude)))
            parameters = self._parameters(selector)
        vectors = np.ascontiguousarray(vectors, np.float32)
        return self._index.search(vectors, topk, params=parameters)

    def delete(self, ids: np.ndarray) -> None:
        self._index.remove_ids(np.asarray(ids, np.int64))

    def ids(self) -> np.ndarray:
        if isinstance(self._index, faiss.IndexIDMap2):
            return faiss.vector_to_array(self._index.id_map)
        lists = faiss.extract_index_ivf(self._index).invlists
        found = [
            faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).copy()
            for i in range(lists.nlist)
            if lists.list_size(i)
        ]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def __len__(self) -> int:
        return self._index.ntotal

    def save(self) -> str | None:
        if self._path is None or isinstance(self._index, faiss.IndexIDMap2):
            return None  # filling it from the catalog is as fast as reading a file
        with written_whole(self._path) as draft:
            faiss.write_index(self._index, os.fspath(draft))
            return self._state(draft)

    def stats(self) -> dict:
        exact = isinstance(self._index, faiss.IndexIDMap2)
        return dict(
            backend='faiss',
            kind='Flat' if exact else self.factory,
            vectors=len(self),
            memory_mb=round(len(self) * self._index.sa_code_size() / 1e6, 1),
        )

    def close(self) -> None:
        self._index = None

    def _make(self, factory: str) -> faiss.Index:
        try:
            index = faiss.index_factory(self.dim, factory, faiss.METRIC_INNER_PRODUCT)
            if isinstance(index, faiss.IndexFlat):
                return faiss.IndexIDMap2(index)
            cells = faiss.extract_index_ivf(index)
            cells.nprobe = probes(cells.nlist)
        except RuntimeError as error:
            raise UsageError(
                f"no such index: {factory!r}. Use 'Flat', or an inverted file: 'IVF1024,SQ8'"
            ) from error
        return index

    def _parameters(self, selector) -> faiss.SearchParameters:
        if isinstance(self._index, faiss.IndexIDMap2):
            return faiss.SearchParameters(sel=selector)
        nprobe = faiss.extract_index_ivf(self._index).nprobe
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=nprobe)
        if isinstance(self._index, faiss.IndexPreTransform):
            return faiss.SearchParametersPreTransform(index_params=parameters)
        return parameters

    def _read(self, state: str | None) -> faiss.Index | None:
        """Reads the saved index if it is the one saved last, as faiss trusts what it reads."""
        if state is None or not self._path.is_file():
            return None
        found = self._state(self._path)
        return faiss.read_index(os.fspath(self._path)) if found == state else None

    def _state(self, path: Path) -> str:
        with open(path, 'rb') as file:
            digest = hashlib.blake2b(self.factory.encode(), digest_size=20)
            for block in iter(lambda: file.read(1 << 20), b''):
                digest.update(block)
        return digest.hexdigest()
