"""Audio-visual contrastive pre-training with temporal self-supervision, as a plugin for mmaction2.

Importing it registers everything with mmaction2's registries: at once if mmengine is imported
already, else as soon as it is. See :mod:`avtss_mm.registering`.
"""

from importlib import import_module

from . import moved  # noqa: F401  (old import paths)
from .registering import register_in_time
from .version import __version__

ROOMS = ('compat', 'datasets', 'engine', 'evaluation', 'fingerprint', 'models')
__all__ = ['__version__', *ROOMS]

register_in_time()


def __getattr__(name: str):
    if name in ROOMS:
        return import_module(f'{__name__}.{name}')
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
