"""Audio-visual contrastive pre-training with temporal self-supervision, as a plugin of mmaction2.

Importing it registers everything with mmaction2's registries.
"""

from . import compat  # noqa: I001  (first: mmaction2 does not import without it)
from . import datasets, engine, evaluation, fingerprint, models
from .version import __version__

__all__ = ['__version__', 'compat', 'datasets', 'engine', 'evaluation', 'fingerprint', 'models']
