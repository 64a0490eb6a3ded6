"""Runs image transforms on one clip or one frame at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform


class _OnSomeFrames(BaseTransform):
    """Holds transforms of mmaction2 and runs them on parts of ``imgs``."""

    modality = 'video'

    def __init__(self, transforms: Sequence[dict]) -> None:
        # mmaction's registry: mmcv has other transforms of the same names, e.g. Resize.
        self.transforms = [TRANSFORMS.build(transform) for transform in transforms]

    def _run(self, results: dict, imgs: list[np.ndarray]) -> dict:
        part = {**results, 'imgs': imgs, 'num_clips': 1, 'clip_len': len(imgs)}
        for transform in self.transforms:
            part = transform(part)
        if len(part['imgs']) != len(imgs):
            raise ValueError(
                f'{type(self).__name__} needs transforms that keep the number of frames; got '
                f'{len(part["imgs"])} of {len(imgs)}. Place crops such as ThreeCrop after it.'
            )
        return part

    def __repr__(self) -> str:
        return f'{type(self).__name__}(transforms={self.transforms})'


@TRANSFORMS.register_module()
class PerClip(_OnSomeFrames):
    """Give each clip its own draws, shared by its frames.

    mmaction2's transforms draw once for all frames of a sample: both windows would get the same
    crop, flip and colour, and their contrastive pair would be too easy. Wrap transforms of mmcv,
    which read ``img``, in mmcv's ``TransformBroadcaster``::

        dict(type='PerClip', transforms=[
            dict(type='RandomResizedCrop', area_range=(0.2, 1.0)),
            dict(type='Resize', scale=(112, 112), keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),
            dict(type='TransformBroadcaster', mapping=dict(img='imgs'), auto_remap=True,
                 share_random_params=True,
                 transforms=[dict(type='mmcv.RandomGrayscale', keep_channels=True)])])

    Required keys: ``imgs`` (flat list of M * T arrays), ``num_clips``, ``clip_len``.

    Modified keys: ``imgs``, ``img_shape``. Everything else that the transforms write is dropped.

    Args:
        transforms (Sequence[dict]): Configs of transforms that keep the number of frames.
    """

    def transform(self, results: dict) -> dict:
        """Run the transforms on each clip."""
        imgs, length = results['imgs'], results['clip_len']
        parts = [self._run(results, imgs[i : i + length]) for i in range(0, len(imgs), length)]
        results['imgs'] = [img for part in parts for img in part['imgs']]
        results['img_shape'] = results['imgs'][0].shape[:2]
        return results


@TRANSFORMS.register_module()
class PerFrame(_OnSomeFrames):
    """Give each frame its own draws.

    Frames that differ in colour from their neighbours keep a network from recognising the speed by
    low-level differences. Transforms that move pixels (crops, flips) do not belong here.

    Required keys: ``imgs``.

    Modified keys: ``imgs``. Everything else that the transforms write is dropped.

    Args:
        transforms (Sequence[dict]): Configs of transforms that keep the size of a frame.
        prob (float): Probability that a frame is transformed. Defaults to 1.
    """

    def __init__(self, transforms: Sequence[dict], prob: float = 1.0) -> None:
        super().__init__(transforms)
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Run the transforms on each frame."""
        results['imgs'] = [
            self._run(results, [img])['imgs'][0] if np.random.rand() < self.prob else img
            for img in results['imgs']
        ]
        return results
