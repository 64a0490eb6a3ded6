"""Draws the frames of a toy world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cv2 import INTER_CUBIC, resize

from .canvas import Canvas, Colour, mix
from .debris import LOOKS, Debris
from .motions import FLOOR, LEFT, RIGHT
from .world import BUBBLE_SPEED, ToyWorld

# Colours of the wall (two), the water (two), the ground, the objects and the sparks. There are
# few palettes and each video fades from one to another, so that colours do not identify a video.
_PALETTES = np.array(
    [
        [list(bytes.fromhex(colour)) for colour in line.split()]
        for line in (
            '2b2d42 5c6784 1f6f8b 54b6c9 14152a f2e9e4 ffd166',
            'f0d9b5 e2b084 6fb7b0 3f8f94 6b4a3a 9b2c2c fff6d6',
            '3a2449 7a3e65 27496d 4a80a8 1a1026 f4a259 fff1a8',
            'cfe3c4 a3cc9a 4a9c9b 2b6f7f 39563f 3b3561 fff7b0',
            '24302f 4f6f5f 2d5d7b 5aa0b5 0f1817 e7d7a5 ff9f68',
            'd9d9ea b0b6d4 7596c8 4c6ca8 4c4f69 d1495b fffbe0',
        )
    ],
    dtype=float,
)
_WIND = 0.1  # heights / s: drift of the pattern of the wall, the same in all videos
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


def _texture(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draws a seamless grey pattern of blotches or grain, repeated twice in each direction.

    Returns:
        uint8 (4 * size, 4 * size) with period 2 * size.
    """
    cells = [8, 12, 18][rng.integers(3)]
    grid = np.tile(1.4 * rng.random((cells, cells), dtype=np.float32) - 0.2, (3, 3))
    tile = resize(grid, (6 * size, 6 * size), interpolation=INTER_CUBIC)[size:, size:]
    return (tile[: 4 * size, : 4 * size].clip(0, 1) * 255).astype(np.uint8)


def _wander(rng: np.random.Generator, times: np.ndarray, reach: float, rate: float) -> np.ndarray:
    """Draws a smooth walk (num_times, 2) around 0, mostly within +-reach; ``rate`` in rad / s."""
    rates, phases = rng.uniform(0.4, 1.6, (3, 1, 2)) * rate, rng.uniform(0, 6.28, (3, 1, 2))
    return reach / 2 * np.sin(rates * times[:, None] + phases).sum(axis=0)


def render_frames(world: ToyWorld, size: int = 128) -> Iterator[np.ndarray]:
    """Renders a world frame by frame.

    Args:
        world: World to render.
        size: Height and width of the frames in pixels; even.

    Yields:
        One uint8 RGB image (size, size, 3) per frame.
    """
    rng = np.random.default_rng(world.seeds[0])
    times, look = world.times, LOOKS[world.timbre]
    texture, phases = _texture(rng, size), rng.uniform(0, 6.28, 2)
    ends = _PALETTES[rng.integers(len(_PALETTES), size=2)]  # (2, 7, 3)
    light = 1 + _wander(rng, times, 0.08, 0.8)[:, :1]
    camera = _wander(rng, times, 0.04, 1.0) + _wander(rng, times, 0.005, 20.0)
    wind = _WIND * np.exp(1j * rng.uniform(0, 2 * np.pi)) * times
    scroll = ((np.stack([wind.real, wind.imag], axis=-1) + camera) * size).round().astype(int)
    debris = Debris(rng, world.impacts, look)
    x, rows = np.arange(size) / size, np.arange(size)[:, None]
    ramp = np.linspace(0, 1, 256)[:, None]
    for k, t in enumerate(times):
        palette = ends[0] + (ends[1] - ends[0]) * t / world.duration
        palette = (palette * light[k]).clip(0, 255)
        # The wall and the water show the same texture through two colour tables.
        ripple = np.sin(14 * x + 5 * t + phases[0]) + np.sin(23 * x - 7 * t + phases[1])
        surface = 1 - world.level[k] + 0.012 * ripple
        left, top = -scroll[k] % (2 * size)
        index = texture[top : top + size, left : left + size].astype(np.intp)
        index += 256 * (rows > (surface + camera[k, 1]) * size)
        tables = [a + ramp * (b - a) for a, b in (palette[:2], palette[2:4])]
        image = np.concatenate(tables).astype(np.uint8).take(index, axis=0)
        canvas = Canvas(image, camera[k])
        _draw_water(canvas, world, t, np.stack([x - camera[k, 0], surface], axis=-1), palette[3])
        _draw_stage(canvas, world, palette[4])
        debris.draw_marks(canvas, t, 0.91, palette[6])
        backdrop = Canvas(image.copy(), camera[k])
        _draw_objects(canvas, world, k, look.shape, palette)
        debris.draw_blows(canvas, backdrop, t, palette[6])
        yield image


def _draw_water(
    canvas: Canvas, world: ToyWorld, t: float, surface: np.ndarray, foam: Colour
) -> None:
    """Draws foam on the surface and bubbles that rise and grow."""
    canvas.line(surface[::4], mix(foam, _WHITE, 0.5), 0.016)
    colour = mix(foam, _WHITE, 0.6)
    for birth, x, radius, burst in world.bubbles:
        age = t - birth
        if birth <= t < burst:
            centre = x + 0.01 * np.sin(9 * age), 1 - BUBBLE_SPEED * age
            canvas.circle(centre, radius * (0.5 + age / (burst - birth)), colour, 0.008)


def _draw_stage(canvas: Canvas, world: ToyWorld, ground: Colour) -> None:
    canvas.polygon([(-0.2, FLOOR), (1.2, FLOOR), (1.2, 1.2), (-0.2, 1.2)], ground)
    for x, side in ((LEFT, -1), (RIGHT, 1)):
        out = x + 0.02 * side
        canvas.polygon([(x, 0.3), (out, 0.3), (out, FLOOR), (x, FLOOR)], ground)


def _draw_objects(canvas: Canvas, world: ToyWorld, k: int, shape: str, palette: np.ndarray) -> None:
    ground, fill = palette[4], palette[5]
    if world.pivots is not None:
        (x0, y), (x1, _) = world.pivots
        canvas.line([(x0 - 0.1, y), (x1 + 0.1, y)], ground, 0.04)
        for pivot, pose in zip(world.pivots, world.poses[k]):
            canvas.line([pivot, pose[:2]], ground, 0.014)
    edge = mix(fill, _BLACK if fill.sum() > 380 else _WHITE, 0.75)
    for pose in world.poses[k]:
        if not np.isnan(pose[0]):
            canvas.shape(shape, pose, world.radius, fill, edge)
