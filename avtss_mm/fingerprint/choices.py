"""Choices of the arguments of ``avtss-fp``. Imports nothing slow."""

MODALITIES = dict(v=('video',), a=('audio',), av=('video', 'audio'))
BACKENDS = ('faiss', 'milvus')
"""Libraries that search the vectors."""
