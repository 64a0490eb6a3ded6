"""A gallery and its queries as one data set."""

from __future__ import annotations

from mmaction.registry import DATASETS
from mmengine.dataset import ConcatDataset

from .audiovisual_dataset import AudioVisualDataset


@DATASETS.register_module()
class GalleryQueryDataset(ConcatDataset):
    """Two concatenated :class:`AudioVisualDataset`, for retrieval metrics.

    One test run extracts the features of both; ``subset`` of a sample says to which it belongs.
    Example::

        dict(type='GalleryQueryDataset', data_root='data/ucf101', pipeline=pipeline,
             gallery=dict(ann_file='train_split1.json', max_per_class=20),
             query=dict(ann_file='test_split1.json'))

    Args:
        gallery (dict): Arguments of the data set of the gallery.
        query (dict): Arguments of the data set of the queries.
        background (dict, optional): Arguments of a data set of unrelated files, which some metrics
            need. Defaults to None.
        **shared: Arguments of all of these data sets.
    """

    def __init__(
        self, gallery: dict, query: dict, background: dict | None = None, **shared
    ) -> None:
        sides = dict(gallery=gallery, query=query)
        if background is not None:
            sides['background'] = background
        shared.setdefault('test_mode', True)
        super().__init__(
            [AudioVisualDataset(subset=name, **{**shared, **side}) for name, side in sides.items()],
            ignore_keys=['classes'],
        )
