"""Vectors in Milvus: a file next to the catalog, or a server for more than one machine holds."""

from __future__ import annotations

import logging
import os
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

os.environ.setdefault(
    'GRPC_VERBOSITY', 'NONE'
)  # with Milvus Lite, gRPC complains about too many pings

import grpc
from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from ...errors import UsageError
from .vector_index import VectorIndex, probes

BATCH = 2000
"""Number of vectors per insertion: requests are limited to tens of megabytes."""

QUERIES = 100
"""Number of vectors per search."""

PAGE = 16_384
"""Number of ids per answer: Milvus returns no more."""

EF = 256
"""Minimum number of candidates that a search and the construction of a graph keep."""

RETRIES = 12
"""Number of times to repeat a request that a server refuses for a while: about 20 seconds."""

# It logs errors with their tracebacks; and Lite has no timestamps, of which it warns.
logging.getLogger('pymilvus').setLevel(logging.CRITICAL)


@contextmanager
def _answers(uri: str) -> Iterator[None]:
    """Turns errors of a server into messages."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as error:
        reason = error.details() if isinstance(error, grpc.RpcError) else error.message
        raise UsageError(
            f'Milvus at {uri} fails: {textwrap.shorten(str(reason), 300)}. Nothing is lost: when '
            'it runs again, the same command goes on'
        ) from error


def connect(uri: str) -> MilvusClient:
    """Connects to Milvus within 10 seconds.

    Args:
        uri: Path ending with ``.db`` for Milvus Lite, or ``http://host:port`` of a server, whose
            token is read from the environment variable ``MILVUS_TOKEN``.

    Raises:
        UsageError: If the database cannot be opened or reached.
    """
    try:
        return MilvusClient(uri, token=os.environ.get('MILVUS_TOKEN', ''))
    except MilvusException as error:
        raise UsageError(f'Milvus at {uri} does not open: {error.message}') from error


def index_of(factory: str) -> dict:
    """Kind of index and its parameters for Milvus, by the name that faiss gives it.

    Raises:
        UsageError: If Milvus has none of that name.
    """
    if factory == 'Flat':
        return dict(index_type='FLAT', params={})
    if match := re.fullmatch(r'HNSW(\d+)', factory):
        return dict(index_type='HNSW', params=dict(M=int(match[1]), efConstruction=EF))
    if match := re.fullmatch(r'IVF(\d+),(Flat|SQ8)', factory):
        return dict(index_type=f'IVF_{match[2].upper()}', params=dict(nlist=int(match[1])))
    raise UsageError(
        f"Milvus has no index {factory!r}. Use 'Flat', 'HNSW32', 'IVF4096,Flat' or 'IVF4096,SQ8'"
    )


def drop_collection(uri: str, collection: str) -> None:
    """Removes a collection, if there is one.

    Raises:
        UsageError: If the database cannot be reached.
    """
    client = connect(uri)
    with _answers(uri):
        client.drop_collection(collection, retry_times=RETRIES)
    client.close()


class MilvusIndex(VectorIndex):
    """A collection in Milvus.

    Args:
        dim: Number of dimensions D.
        uri: Database of :func:`connect`.
        collection: Name of the collection; created if missing.
        factory: Kind of index, named as faiss does: ``'Flat'``, which is exact, ``'HNSW32'``,
            ``'IVF1024,Flat'`` or ``'IVF1024,SQ8'``. Defaults to ``'Flat'``.

    Raises:
        UsageError: If there is no such kind, or the database cannot be opened or reached; all
            methods raise it.
    """

    def __init__(self, dim: int, uri: str, collection: str, factory: str = 'Flat') -> None:
        self.uri, self.collection, self.factory = uri, collection, factory
        self._index = index_of(factory)
        self._client = connect(uri)
        with _answers(uri):
            if not self._client.has_collection(collection, retry_times=RETRIES):
                self._make(dim)
        self._ask('load_collection')

    def add(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        for first in range(0, len(ids), BATCH):
            part = zip(ids[first : first + BATCH].tolist(), vectors[first : first + BATCH])
            self._ask('upsert', [dict(id=key, vector=row) for key, row in part])

    def search(self, vectors, topk, exclude=None):
        similarities = np.full((len(vectors), topk), -np.inf, np.float32)
        found = np.full((len(vectors), topk), -1, np.int64)
        # Opening the index has waited for all that was inserted before; each search need not.
        options = dict(limit=topk, consistency_level='Session', output_fields=['id'])
        options['search_params'] = dict(params=self._search_parameters(topk))
        if exclude is not None:
            options['filter'] = f'id < {exclude[0]} or id >= {exclude[1]}'
        for first in range(0, len(vectors), QUERIES):
            part = list(np.ascontiguousarray(vectors[first : first + QUERIES], np.float32))
            results = self._ask('search', part, **options)
            for row, hits in enumerate(results, first):
                similarities[row, : len(hits)] = [hit['distance'] for hit in hits]
                found[row, : len(hits)] = [hit['id'] for hit in hits]
        return similarities, found

    def delete(self, ids: np.ndarray) -> None:
        ids = np.asarray(ids).tolist()
        for first in range(0, len(ids), BATCH):
            self._ask('delete', ids=ids[first : first + BATCH])

    def ids(self) -> np.ndarray:
        options = dict(output_fields=['id'], batch_size=PAGE, consistency_level='Strong')
        found = []
        with _answers(self.uri):
            pages = self._client.query_iterator(self.collection, filter='id >= 0', **options)
            while page := pages.next():
                found.append(np.array([row['id'] for row in page], np.int64))
            pages.close()
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def __len__(self) -> int:
        options = dict(output_fields=['count(*)'], consistency_level='Strong')
        return self._ask('query', filter='', **options)[0]['count(*)']

    def save(self) -> None:
        self._ask('flush')

    def stats(self) -> dict:
        return dict(
            backend='milvus',
            kind=self.factory,
            vectors=len(self),
            uri=self.uri,
            collection=self.collection,
        )

    def close(self) -> None:
        self._client.close()

    def _ask(self, request: str, *arguments, **options):
        """Sends a request about the collection: calls a method of the client."""
        with _answers(self.uri):
            method = getattr(self._client, request)
            return method(self.collection, *arguments, retry_times=RETRIES, **options)

    def _search_parameters(self, topk: int) -> dict:
        kind, parameters = self._index['index_type'], self._index['params']
        if kind == 'HNSW':
            return dict(ef=max(topk, EF))
        return {} if kind == 'FLAT' else dict(nprobe=probes(parameters['nlist']))

    def _make(self, dim: int) -> None:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field('id', DataType.INT64, is_primary=True)
        schema.add_field('vector', DataType.FLOAT_VECTOR, dim=dim)
        indexes = self._client.prepare_index_params()
        indexes.add_index('vector', metric_type='IP', **self._index)
        self._client.create_collection(self.collection, schema=schema, index_params=indexes)
