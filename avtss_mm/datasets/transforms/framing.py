"""Frames pictures in other ways, as happens to copies."""

from __future__ import annotations

import cv2
import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .collage import list_files, plain_ground


@TRANSFORMS.register_module()
class RandomFraming(BaseTransform):
    """Crop, stretch, mirror, turn, letterbox, or put into another picture, in one affine map.

    The whole frame, stretched to a square, is the starting point.

    Required and modified keys: ``imgs``. Added key: ``img_shape``.

    Args:
        size (int): Height and width of the output in pixels.
        crop_prob (float): Probability of a crop. Defaults to 0.4.
        crop_area (tuple[float, float]): Range of the share of the frame that a crop keeps.
            Defaults to (0.25, 1).
        inset_prob (float): Probability that the frame covers only a part of the picture: bars, or
            a frame within another picture. Defaults to 0.35.
        inset_side (tuple[float, float]): Range of the share of the side that it covers. Defaults
            to (0.4, 1).
        mirror_prob (float): Probability of a left-right mirror image. Defaults to 0.3; upside down
            it is half of that.
        turn_prob (float): Probability of a rotation; a fifth are by 90, 180 or 270 degrees.
            Defaults to 0.3.
        max_angle (float): Largest angle of the others in degrees. Defaults to 25.
        pictures (str, optional): Folder of JPEG files to put frames into. Defaults to None: plain
            grounds only.
    """

    modality = 'video'

    def __init__(
        self,
        size: int,
        crop_prob: float = 0.4,
        crop_area: tuple[float, float] = (0.25, 1.0),
        inset_prob: float = 0.35,
        inset_side: tuple[float, float] = (0.4, 1.0),
        mirror_prob: float = 0.3,
        turn_prob: float = 0.3,
        max_angle: float = 25.0,
        pictures: str | None = None,
    ) -> None:
        self.size = size
        self.crop_prob = crop_prob
        self.crop_area = crop_area
        self.inset_prob = inset_prob
        self.inset_side = inset_side
        self.mirror_prob = mirror_prob
        self.turn_prob = turn_prob
        self.max_angle = max_angle
        self.pictures = list_files(pictures, '.jpg') if pictures else []

    def transform(self, results: dict) -> dict:
        """Map the frames."""
        height, width = results['imgs'][0].shape[:2]
        matrix = self._draw_map(width / height)
        ground = self._draw_ground()
        results['imgs'] = [self._place(img, matrix, ground) for img in results['imgs']]
        results['img_shape'] = (self.size, self.size)
        return results

    def _draw_map(self, aspect: float) -> np.ndarray:
        """Draw the map (2, 3) from the frame, [-1, 1] x [-1, 1], to the picture, likewise."""
        scale, shift = np.ones(2), np.zeros(2)
        if happens(self.crop_prob):
            stretch = np.exp(np.random.uniform(-0.3, 0.3))
            area = np.random.uniform(*self.crop_area)
            kept = np.minimum(np.sqrt(area * np.array([stretch, 1 / stretch])), 1)
            scale = 1 / kept
            shift = np.random.uniform(-1, 1, 2) * (scale - 1)
        scale[0] *= 1 if np.random.rand() > self.mirror_prob else -1
        scale[1] *= 1 if np.random.rand() > self.mirror_prob / 2 else -1
        linear = np.diag(scale)
        if happens(self.turn_prob):
            if np.random.rand() < 0.2:
                angle = 90 * np.random.randint(1, 4)
            else:
                angle = np.random.uniform(-self.max_angle, self.max_angle)
            cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
            if angle % 90:  # in pixels of the frame; a quarter turn also swaps its sides
                turn = np.array([[cos, -sin / aspect], [sin * aspect, cos]])
                turn /= abs(turn).sum(axis=1).max() if np.random.rand() < 0.5 else 1
            else:
                turn = np.array([[cos, -sin], [sin, cos]])
            linear, shift = turn @ linear, turn @ shift
        if happens(self.inset_prob):
            side = np.random.uniform(*self.inset_side, 2)
            kind = np.random.randint(3)  # bars left and right; above and below; around
            side = np.where([kind == 1, kind == 0], 1, side)
            if kind == 2 and np.random.rand() < 0.7:
                side[:] = side[0]
            place = np.random.uniform(-1, 1, 2) if np.random.rand() < 0.5 else np.zeros(2)
            linear = np.diag(side) @ linear
            shift = side * shift + place * (1 - side)
        return np.column_stack([linear, shift])

    def _draw_ground(self) -> np.ndarray:
        kind = np.random.rand()
        if kind < 0.6 or not self.pictures:
            colour = np.random.choice((0, 255)) if kind < 0.4 else np.random.randint(0, 256, 3)
            return np.broadcast_to(np.uint8(colour), (self.size, self.size, 3)).copy()
        ground = plain_ground()
        if kind > 0.7:
            ground = cv2.imread(self.pictures[np.random.randint(len(self.pictures))])
        return cv2.resize(ground, (self.size, self.size), interpolation=cv2.INTER_AREA)

    def _place(self, img: np.ndarray, matrix: np.ndarray, ground: np.ndarray) -> np.ndarray:
        # reduced first: an affine map would skip pixels
        covered = np.linalg.norm(matrix[:, :2], axis=0) * self.size
        width, height = (max(min(n, round(c)), 2) for n, c in zip(img.shape[1::-1], covered))
        img = cv2.resize(img, (width, height), interpolation=cv2.INTER_AREA)
        to_frame = [[2 / width, 0, 1 / width - 1], [0, 2 / height, 1 / height - 1], [0, 0, 1]]
        matrix = self.size / 2 * (matrix @ to_frame)
        matrix[:, 2] += self.size / 2 - 0.5
        return cv2.warpAffine(
            img, matrix, (self.size, self.size), dst=ground.copy(),
            borderMode=cv2.BORDER_TRANSPARENT,
        )  # fmt: skip


def happens(prob: float) -> bool:
    """Draws whether something of this probability happens."""
    return np.random.rand() < prob
