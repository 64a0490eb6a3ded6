"""Vectors in Milvus: a file next to the catalog, or a server for more than one machine holds."""

from __future__ import annotations

import logging
import os

import numpy as np

os.environ.setdefault(
    'GRPC_VERBOSITY', 'NONE'
)  # with Milvus Lite, gRPC complains about too many pings

from pymilvus import DataType, MilvusClient
from pymilvus.exceptions import MilvusException

from ...errors import UsageError
from .vector_index import VectorIndex

BATCH = 2000
"""Number of vectors per insertion: requests are limited to tens of megabytes."""

QUERIES = 100
"""Number of vectors per search."""


class MilvusIndex(VectorIndex):
    """A collection in Milvus.

    Args:
        dim: Number of dimensions D.
        uri: Path ending with ``.db`` for Milvus Lite, or ``http://host:port`` of a server, whose
            token is read from the environment variable ``MILVUS_TOKEN``.
        collection: Name of the collection; created if missing.

    Raises:
        UsageError: If the database cannot be opened or reached.
    """

    def __init__(self, dim: int, uri: str, collection: str) -> None:
        self.uri, self.collection = uri, collection
        try:
            self._client = MilvusClient(uri, token=os.environ.get('MILVUS_TOKEN', ''))
            if not self._client.has_collection(collection):
                self._make(dim)
            self._client.load_collection(collection)
        except MilvusException as error:
            raise UsageError(f'Milvus at {uri} does not open: {error.message}') from error

    def add(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        for first in range(0, len(ids), BATCH):
            part = zip(ids[first : first + BATCH].tolist(), vectors[first : first + BATCH])
            self._client.upsert(self.collection, [dict(id=key, vector=row) for key, row in part])

    def search(self, vectors, topk, exclude=None):
        similarities = np.full((len(vectors), topk), -np.inf, np.float32)
        found = np.full((len(vectors), topk), -1, np.int64)
        options = dict(limit=topk, consistency_level='Strong', output_fields=['id'])
        if exclude is not None:
            options['filter'] = f'id < {exclude[0]} or id >= {exclude[1]}'
        for first in range(0, len(vectors), QUERIES):
            part = list(np.ascontiguousarray(vectors[first : first + QUERIES], np.float32))
            results = self._client.search(self.collection, part, **options)
            for row, hits in enumerate(results, first):
                similarities[row, : len(hits)] = [hit['distance'] for hit in hits]
                found[row, : len(hits)] = [hit['id'] for hit in hits]
        return similarities, found

    def delete(self, ids: np.ndarray) -> None:
        ids = np.asarray(ids).tolist()
        for first in range(0, len(ids), BATCH):
            self._client.delete(self.collection, ids=ids[first : first + BATCH])

    def ids(self) -> np.ndarray:
        options = dict(output_fields=['id'], batch_size=BATCH, consistency_level='Strong')
        logging.getLogger('pymilvus').setLevel(
            logging.ERROR
        )  # Lite warns that it has no timestamps
        pages = self._client.query_iterator(self.collection, filter='id >= 0', **options)
        found = []
        while page := pages.next():
            found += [row['id'] for row in page]
        pages.close()
        return np.array(found, np.int64)

    def __len__(self) -> int:
        counted = self._client.query(
            self.collection, filter='', output_fields=['count(*)'], consistency_level='Strong'
        )
        return counted[0]['count(*)']

    def save(self) -> None:
        self._client.flush(self.collection)

    def stats(self) -> dict:
        return dict(backend='milvus', uri=self.uri, collection=self.collection, vectors=len(self))

    def close(self) -> None:
        self._client.close()

    def _make(self, dim: int) -> None:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field('id', DataType.INT64, is_primary=True)
        schema.add_field('vector', DataType.FLOAT_VECTOR, dim=dim)
        indexes = self._client.prepare_index_params()
        indexes.add_index('vector', index_type='AUTOINDEX', metric_type='IP')
        self._client.create_collection(self.collection, schema=schema, index_params=indexes)
