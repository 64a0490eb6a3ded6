"""Puts pictures with transparent parts over frames."""

from __future__ import annotations

import cv2
import numpy as np


def blend(
    frame: np.ndarray,
    sprite: np.ndarray,
    centre: tuple[float, float],
    extent: float,
    angle: float = 0.0,
    opacity: float = 1.0,
) -> np.ndarray:
    """Draws a sprite over a frame.

    Args:
        frame: Frame, RGB uint8 (H, W, 3).
        sprite: Sprite, RGBA uint8 (h, w, 4).
        centre: Position of the centre of the sprite (x, y) in pixels.
        extent: Longer side of the drawn sprite in pixels.
        angle: Angle by which it is turned in degrees.
        opacity: Factor of its alpha. Defaults to 1.

    Returns:
        np.ndarray: A new frame.
    """
    height, width = sprite.shape[:2]
    scale = extent / max(height, width)
    if scale < 0.7:
        width, height = (max(round(side * scale), 1) for side in (width, height))
        sprite, scale = cv2.resize(sprite, (width, height), interpolation=cv2.INTER_AREA), 1.0
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
    matrix[:, 2] += np.array(centre) - (width / 2, height / 2)
    layer = cv2.warpAffine(sprite, matrix, (frame.shape[1], frame.shape[0]))
    return overlay(frame, layer, opacity)


def overlay(frame: np.ndarray, layer: np.ndarray, opacity: float = 1.0) -> np.ndarray:
    """Puts a layer, RGBA uint8 (H, W, 4), over a frame, RGB uint8 (H, W, 3)."""
    alpha = layer[..., 3] * np.float32(opacity / 255)
    return cv2.blendLinear(frame, np.ascontiguousarray(layer[..., :3]), 1 - alpha, alpha)
