"""The encoders in a program of one's own."""

from .embedder import ClipFeatures, Embedder
from .encoder import load_encoder

__all__ = ['ClipFeatures', 'Embedder', 'load_encoder']
