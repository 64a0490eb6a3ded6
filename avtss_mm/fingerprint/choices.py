"""Choices of the arguments of ``avtss-fp``. Imports nothing slow."""

MODALITIES = dict(v=('video',), a=('audio',), av=('video', 'audio'))
"""Compared modalities, by letter."""

BACKENDS = ('faiss', 'milvus')
"""Libraries that search the vectors."""

FOUND_BY = dict(v='picture', a='sound', av='both')
"""Names of the modalities that found a match, by letter."""
