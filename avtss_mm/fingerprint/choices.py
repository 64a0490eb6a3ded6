"""Choices of the arguments of ``avtss-fp``. Imports nothing slow."""

MODALITIES = dict(v=('video',), a=('audio',), av=('video', 'audio'))
"""What is compared, by the letters that stand for it."""

BACKENDS = ('faiss', 'milvus')
"""Libraries that search the vectors."""

FOUND_BY = dict(v='picture', a='sound', av='both')
"""What a match was found by, in words."""
