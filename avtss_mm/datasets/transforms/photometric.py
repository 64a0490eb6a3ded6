"""Appearance augmentation with one colour matrix per frame."""

from __future__ import annotations

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

_LUMA = np.array([0.299, 0.587, 0.114])


@TRANSFORMS.register_module()
class PhotometricJitter(BaseTransform):
    r"""Change brightness, contrast, saturation and hue; remove colour, invert, add noise.

    All but the noise are affine in RGB, hence one product per frame:

    .. math:: x' = A x + o, \quad A = \pm\, c\, b\, S H

    with the hue rotation `H` about the grey axis, the saturation matrix `S`, brightness `b`, and
    contrast `c` about the mean grey of the frames. Inversion turns `x'` into `255 - x'`.

    Colour and background distinguish videos without any motion. In small or synthetic worlds, the
    contrastive loss between clips learns nothing else unless grey, inversion and noise prevent it.

    Inside :class:`PerClip` each clip has its own draw, otherwise all clips of a sample share one.

    Required and modified keys: ``imgs``.

    Args:
        brightness (float): Brightness factor from U(1 - brightness, 1 + brightness).
            Defaults to 0.4.
        contrast (float): Contrast factor from U(1 - contrast, 1 + contrast). Defaults to 0.4.
        saturation (float): Saturation factor from U(1 - saturation, 1 + saturation).
            Defaults to 0.4.
        hue (float): Rotation of the hue, in turns, from U(-hue, hue). Defaults to 0.1.
        gray_prob (float): Probability that all colour is dropped. Defaults to 0.2.
        invert_prob (float): Probability that colours are inverted. Defaults to 0.
        noise_std (float): Maximum standard deviation of the noise in levels of 255, which is drawn
            from U(0, noise_std). The noise differs in every frame. Defaults to 0.
        prob (float): Probability of any change. Defaults to 1.
        per_frame (bool): Whether each frame has its own draws. Defaults to False.
    """

    modality = 'video'

    def __init__(
        self,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.1,
        gray_prob: float = 0.2,
        invert_prob: float = 0.0,
        noise_std: float = 0.0,
        prob: float = 1.0,
        per_frame: bool = False,
    ) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self.gray_prob = gray_prob
        self.invert_prob = invert_prob
        self.noise_std = noise_std
        self.prob = prob
        self.per_frame = per_frame

    def transform(self, results: dict) -> dict:
        """Transform the frames."""
        imgs = results['imgs']
        groups = [[img] for img in imgs] if self.per_frame else [imgs]
        results['imgs'] = [img for group in groups for img in self._jitter(group)]
        return results

    def _jitter(self, imgs: list[np.ndarray]) -> list[np.ndarray]:
        if np.random.rand() >= self.prob:
            return imgs
        matrix = self._draw_matrix(np.mean([cv2.mean(img)[:3] for img in imgs], axis=0))
        imgs = [cv2.transform(img, matrix) for img in imgs]
        std = np.random.uniform(0, self.noise_std)
        return [_add_noise(img, std) for img in imgs] if std > 0 else imgs

    def _draw_matrix(self, mean_color: np.ndarray) -> np.ndarray:
        """Draw `A` and `o` as one matrix (3, 4), for frames of this mean colour."""
        brightness, contrast, saturation = (
            np.random.uniform(1 - width, 1 + width)
            for width in (self.brightness, self.contrast, self.saturation)
        )
        rotation = _hue_rotation(2 * np.pi * np.random.uniform(-self.hue, self.hue))
        if np.random.rand() < self.gray_prob:
            saturation = 0.0
        matrix = saturation * np.eye(3) + (1 - saturation) * np.outer(np.ones(3), _LUMA)
        matrix = brightness * matrix @ rotation
        offset = np.full(3, (1 - contrast) * _LUMA @ matrix @ mean_color)
        matrix = contrast * matrix
        if np.random.rand() < self.invert_prob:
            matrix, offset = -matrix, 255 - offset
        return np.column_stack([matrix, offset])


def _hue_rotation(angle: float) -> np.ndarray:
    """Rotation matrix (3, 3) of RGB about the grey axis by ``angle`` radians."""
    rotation, _ = cv2.Rodrigues(np.full(3, angle / np.sqrt(3)))
    return rotation


def _add_noise(img: np.ndarray, std: float) -> np.ndarray:
    noise = np.empty(img.shape, dtype=np.int16)
    cv2.setRNGSeed(np.random.randint(2**31))  # OpenCV has its own generator
    cv2.randn(noise, 0, std)
    return cv2.add(img, noise, dtype=cv2.CV_8U)
