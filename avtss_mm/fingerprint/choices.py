"""What the user of ``avtss-fp`` may choose from. Imports nothing that takes its time."""

MODALITIES = dict(v=('video',), a=('audio',), av=('video', 'audio'))
BACKENDS = ('faiss', 'milvus')
"""What searches the vectors."""
