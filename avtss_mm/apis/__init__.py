"""The encoders for use in other programs."""

from .embedder import ClipFeatures, Embedder
from .encoder import load_encoder

__all__ = ['ClipFeatures', 'Embedder', 'load_encoder']
