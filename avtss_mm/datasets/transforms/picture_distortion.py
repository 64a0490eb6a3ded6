"""Draws over pictures, and takes away detail, as happens to copies."""

from __future__ import annotations

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .collage import list_files, read_sprite
from .compositing import blend, overlay
from .framing import happens

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
)  # fmt: skip
LETTERS = list('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !?:    ')


@TRANSFORMS.register_module()
class RandomOverlay(BaseTransform):
    """Draw text, sprites, bars and frames over the frames of a clip.

    Required and modified keys: ``imgs``.

    Args:
        sprites (str): Folder of PNG files with an alpha channel.
        text_prob (float): Probability of one to three lines of text. Defaults to 0.25.
        sprite_prob (float): Probability of one to four sprites. Defaults to 0.25.
        frame_prob (float): Probability of a frame, or of a bar along an edge. Defaults to 0.2.
    """

    modality = 'video'

    def __init__(
        self,
        sprites: str,
        text_prob: float = 0.25,
        sprite_prob: float = 0.25,
        frame_prob: float = 0.2,
    ) -> None:
        self.sprites = list_files(sprites, '.png')
        self.text_prob = text_prob
        self.sprite_prob = sprite_prob
        self.frame_prob = frame_prob

    def transform(self, results: dict) -> dict:
        """Draw over the frames."""
        layer = np.zeros((*results['imgs'][0].shape[:2], 4), np.uint8)
        if happens(self.frame_prob):
            _draw_frame(layer)
        if happens(self.text_prob):
            for _ in range(np.random.randint(1, 4)):
                _draw_text(layer)
        if layer.any():
            results['imgs'] = [overlay(img, layer) for img in results['imgs']]
        if happens(self.sprite_prob):
            for _ in range(np.random.randint(1, 5)):
                self._draw_sprite(results)
        return results

    def _draw_sprite(self, results: dict) -> None:
        sprite = read_sprite(self.sprites[np.random.randint(len(self.sprites))])
        height, width = results['imgs'][0].shape[:2]
        centre = np.random.uniform(0, 1, 2) * (width, height)
        extent = np.random.uniform(0.1, 0.45) * height
        look = np.random.uniform(-20, 20), np.random.uniform(0.5, 1)
        results['imgs'] = [blend(img, sprite, centre, extent, *look) for img in results['imgs']]


@TRANSFORMS.register_module()
class RandomDegradation(BaseTransform):
    """Blur, reduce, and recompress frames.

    Required and modified keys: ``imgs``.

    Args:
        blur_prob (float): Probability of a Gaussian blur. Defaults to 0.25.
        max_sigma (float): Largest standard deviation of it in pixels. Defaults to 2.5.
        shrink_prob (float): Probability that the frames are reduced, and enlarged again. Defaults
            to 0.2.
        max_shrink (float): Largest factor of it. Defaults to 4.
        jpeg_prob (float): Probability of JPEG compression. Defaults to 0.4.
        jpeg_quality (tuple[int, int]): Range of its quality. Defaults to (5, 60).
    """

    modality = 'video'

    def __init__(
        self,
        blur_prob: float = 0.25,
        max_sigma: float = 2.5,
        shrink_prob: float = 0.2,
        max_shrink: float = 4.0,
        jpeg_prob: float = 0.4,
        jpeg_quality: tuple[int, int] = (5, 60),
    ) -> None:
        self.blur_prob = blur_prob
        self.max_sigma = max_sigma
        self.shrink_prob = shrink_prob
        self.max_shrink = max_shrink
        self.jpeg_prob = jpeg_prob
        self.jpeg_quality = jpeg_quality

    def transform(self, results: dict) -> dict:
        """Degrade the frames."""
        steps = []
        if happens(self.blur_prob):
            sigma = np.random.uniform(0.3, self.max_sigma)
            steps.append(lambda img: cv2.GaussianBlur(img, (0, 0), sigma))
        if happens(self.shrink_prob):
            factor = np.random.uniform(1.3, self.max_shrink)
            steps.append(lambda img: _shrink(img, factor))
        if happens(self.jpeg_prob):
            options = [cv2.IMWRITE_JPEG_QUALITY, np.random.randint(*self.jpeg_quality)]
            steps.append(
                lambda img: cv2.imdecode(cv2.imencode('.jpg', img, options)[1], cv2.IMREAD_COLOR)
            )
        for step in steps:
            results['imgs'] = [step(img) for img in results['imgs']]
        return results


def _draw_text(layer: np.ndarray) -> None:
    height, width = layer.shape[:2]
    text = ''.join(np.random.choice(LETTERS, np.random.randint(3, 18)))
    font, scale = FONTS[np.random.randint(len(FONTS))], height / 96 * np.random.uniform(0.25, 0.9)
    where = np.random.randint(-width // 8, width // 2), np.random.randint(8, height)
    plain = np.random.choice((0, 255, 255))
    colour = (int(plain),) * 3 if np.random.rand() < 0.7 else np.random.randint(0, 256, 3).tolist()
    thickness = np.random.randint(1, 3)
    if np.random.rand() < 0.5:
        cv2.putText(layer, text, where, font, scale, (0, 0, 0, 255), thickness + 2)
    cv2.putText(layer, text, where, font, scale, (*colour, 255), thickness)


def _draw_frame(layer: np.ndarray) -> None:
    height, width = layer.shape[:2]
    colour = (*np.random.randint(0, 256, 3).tolist(), 255)
    share = np.random.uniform(0.03, 0.2)
    if np.random.rand() < 0.5:  # a bar above or below
        top = np.random.choice((0, round(height * (1 - share))))
        layer[top : top + round(height * share)] = colour
        return
    thick = max(round(share * height / 2), 1)
    cv2.rectangle(layer, (0, 0), (width - 1, height - 1), colour, 2 * thick)


def _shrink(img: np.ndarray, factor: float) -> np.ndarray:
    small = cv2.resize(img, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, img.shape[1::-1], interpolation=cv2.INTER_LINEAR)
