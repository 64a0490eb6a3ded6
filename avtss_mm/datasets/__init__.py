"""mmaction2 data sets and transforms for videos with sound."""

from .audiovisual_dataset import AudioVisualDataset
from .collate import stack_inputs
from .gallery_query_dataset import GalleryQueryDataset
from .transforms import *  # noqa: F401, F403
from .transforms import __all__ as _transforms

__all__ = ['AudioVisualDataset', 'GalleryQueryDataset', 'stack_inputs', *_transforms]
