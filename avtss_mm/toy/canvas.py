"""Anti-aliased drawing, in units of the picture height, as seen by a moving camera."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

Colour = Sequence[float]

_BITS = 4  # fractional bits of OpenCV's coordinates
_CORNERS = {
    'plank': np.array([[-1.35, -0.6], [1.35, -0.6], [1.35, 0.6], [-1.35, 0.6]]),
    'star': np.array(
        [
            [r * np.sin(k * np.pi / 4), -r * np.cos(k * np.pi / 4)]
            for k, r in enumerate((1.35, 0.5) * 4)
        ]
    ),
}


def mix(a: Colour, b: Colour, weight: float) -> tuple[float, ...]:
    """``a`` at weight 0, ``b`` at weight 1."""
    return tuple(float((1 - weight) * p + weight * q) for p, q in zip(a, b))


class Canvas:
    """Draws on a square image.

    Args:
        image: Image to draw on, uint8 (size, size, 3); changed in place.
        offset: Shift (x, y) of everything by the camera, in picture heights.
    """

    def __init__(self, image: np.ndarray, offset: np.ndarray) -> None:
        self.image, self.offset, self.size = image, offset, len(image)

    def _fixed(self, points) -> np.ndarray:
        scale = self.size * 2**_BITS
        return ((np.asarray(points) + self.offset) * scale).astype(np.int32)

    def _width(self, width: float) -> int:
        return max(1, round(width * self.size))

    def colour_at(self, xy) -> Colour:
        """Returns the colour at a point, for something that fades into it."""
        x, y = ((np.asarray(xy) + self.offset) * self.size).astype(int).clip(0, self.size - 1)
        return self.image[y, x].tolist()

    def circle(self, xy, radius: float, colour: Colour, width: float | None = None) -> None:
        """Draws a disc, or a ring of line width ``width`` if one is given."""
        x, y = self._fixed(xy).tolist()
        reach = max(1, round(radius * self.size * 2**_BITS))
        thickness = -1 if width is None else self._width(width)
        cv2.circle(self.image, (x, y), reach, colour, thickness, cv2.LINE_AA, _BITS)

    def polygon(self, corners, colour: Colour) -> None:
        cv2.fillPoly(self.image, [self._fixed(corners)], colour, cv2.LINE_AA, _BITS)

    def line(self, points, colour: Colour, width: float) -> None:
        points = [self._fixed(points)]
        cv2.polylines(self.image, points, False, colour, self._width(width), cv2.LINE_AA, _BITS)

    def shape(self, kind: str, pose, radius: float, fill: Colour, edge: Colour) -> None:
        """Draws a 'ring', 'disc', 'plank' or 'star' at pose (x, y, angle), with a clear edge."""
        x, y, angle = pose
        if kind == 'ring':
            self.circle((x, y), 0.8 * radius, edge, 0.5 * radius)
            self.circle((x, y), 0.8 * radius, fill, 0.22 * radius)
        elif kind == 'disc':
            self.circle((x, y), radius, edge)
            self.circle((x, y), 0.84 * radius, fill)
        else:
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            corners = _CORNERS[kind] @ turn * radius
            self.polygon(corners + (x, y), edge)
            self.polygon(0.72 * corners + (x, y), fill)
