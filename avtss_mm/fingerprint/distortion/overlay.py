"""Overlays that people add to videos: text, smileys, logos, borders, the frame of a meme."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = Path(matplotlib.get_data_path(), 'fonts', 'ttf', 'DejaVuSans-Bold.ttf')

PHRASES = (
    'wait for the end', 'you will not believe this', 'part 2 of 7', 'sound on!', 'best moment ever',
    'follow for more', 'when it is Monday again', 'nobody: / me at 3 am:', 'how did he do that?',
    'watch till the end', 'share with a friend', 'this made my day',
)  # fmt: skip

COLOURS = ((229, 57, 53), (30, 136, 229), (67, 160, 71), (251, 140, 0), (142, 36, 170))

SMOOTH = 4
"""Factor by which shapes are drawn larger and then reduced, since Pillow draws hard edges."""


class Overlay:
    """A drawing to overlay on frames of one size.

    Args:
        names: Names and strengths (1, 2 or 3) of the drawings: text, emoji, logo, border, meme.
        size: Height and width of the frames.
        seed: Seed of words, colours and positions.
    """

    def __init__(self, names, size: tuple[int, int], seed: int) -> None:
        layer = Image.new('RGBA', size[::-1])
        for name, strength in names:
            drawing = Image.new('RGBA', layer.size)
            DRAWINGS[name](drawing, strength, np.random.default_rng(seed))
            layer.alpha_composite(drawing)
        values = np.asarray(layer).astype(np.uint16)  # (H, W, 4)
        self._rest = 255 - values[..., 3:]
        self._ink = values[..., :3] * values[..., 3:]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Draws over a frame, uint8 (H, W, 3)."""
        return ((image * self._rest + self._ink + 127) // 255).astype(np.uint8)


def _draw_text(layer: Image.Image, strength: int, rng) -> None:
    """Draws a caption; captions above and below; three lines over the whole frame."""
    height = layer.height * (0.08, 0.11, 0.17)[strength - 1]
    places = ((0.88,), (0.12, 0.88), (0.2, 0.5, 0.8))[strength - 1]
    for place, phrase in zip(places, _phrases(rng)):
        _write(layer, phrase, 0.5, place, height, 'white', outline=0.08)


def _draw_emoji(layer: Image.Image, strength: int, rng) -> None:
    """Draws one smiley, three, or eight larger ones."""
    share = (0.22, 0.3, 0.38)[strength - 1]
    side = round(share * min(layer.size))
    cells = rng.permutation(8)[
        : (1, 3, 8)[strength - 1]
    ]  # cells of a grid, so that they do not overlap
    for cell in cells:
        place = (cell % 4 + rng.uniform(0.35, 0.65)) / 4, (cell // 4 + rng.uniform(0.35, 0.65)) / 2
        x, y = place if layer.width > layer.height else place[::-1]
        smiley = _smiley(side, int(rng.integers(3)))
        smiley = smiley.rotate(rng.uniform(-20, 20), Image.BICUBIC)
        _paste(layer, smiley, x, y)


def _draw_logo(layer: Image.Image, strength: int, rng) -> None:
    """Draws a faint badge in a corner; a badge and a news ticker; a watermark everywhere."""
    colour = COLOURS[rng.integers(len(COLOURS))]
    if strength == 3:
        tile = Image.new('RGBA', (layer.width * 2, layer.height * 2))
        for row in range(12):
            for column in range(5):
                place = (column / 4 + (row % 2) / 8, row / 11)
                _write(tile, 'PREVIEW', *place, layer.height * 0.1, (255, 255, 255, 150), width=0.2)
        turned = tile.rotate(25, Image.BICUBIC)
        left, top = layer.width // 2, layer.height // 2
        layer.paste(turned.crop((left, top, left + layer.width, top + layer.height)))
        return
    side = round(min(layer.size) * (0.18, 0.28)[strength - 1])
    badge = _badge(side, colour, (170, 255)[strength - 1])
    _paste(layer, badge, 0.99 - side / 2 / layer.width, 0.02 + side / 2 / layer.height)
    if strength == 2:
        top = layer.height * 0.8
        _rectangle(layer, (0, top, layer.width, layer.height), (15, 25, 60, 235))
        _rectangle(layer, (0, top, layer.width * 0.22, layer.height), (*colour, 255))
        _write(layer, 'LIVE', 0.11, 0.9, layer.height * 0.09, 'white', width=0.18)
        phrase = next(_phrases(rng)).upper()
        _write(layer, phrase, 0.61, 0.9, layer.height * 0.09, 'white', width=0.7)


def _draw_border(layer: Image.Image, strength: int, rng) -> None:
    """Draws a border in two colours over the edges of the frame."""
    share = (0.04, 0.09, 0.16)[strength - 1]
    outer, inner = (COLOURS[i] for i in rng.permutation(len(COLOURS))[:2])
    width = share * min(layer.size)
    for inset, colour in ((0, outer), (0.6 * width, inner)):
        box = (inset, inset, layer.width - inset, layer.height - inset)
        _rectangle(layer, box, (*colour, 255))
    hole = (width, width, layer.width - width, layer.height - width)
    _rectangle(layer, hole, (0, 0, 0, 0))


def _draw_meme(layer: Image.Image, strength: int, rng) -> None:
    """Writes text into the white bars around the frame: above; on all sides; like a post."""
    phrases = _phrases(rng)
    if strength < 3:
        bar = (0.2, 1 / 6)[strength - 1]
        for place in (bar / 2, 1 - bar / 2)[:strength]:
            _write(layer, next(phrases), 0.5, place, 0.6 * bar * layer.height, 'black')
        return
    side = round(0.08 * min(layer.size))
    _paste(layer, _smiley(side, 1), 0.1, 0.06)
    grey, line = (110, 110, 110), 0.045 * layer.height
    _write(layer, 'some.body', 0.42, 0.045, line, 'black', width=0.4)
    _write(layer, '@somebody · 3 h', 0.42, 0.085, 0.7 * line, grey, width=0.4)
    _write(layer, next(phrases), 0.5, 0.15, line * 1.2, 'black')
    count = rng.integers(2, 90)
    _write(layer, f'{count} K likes      {count // 2} replies', 0.5, 0.78, line, grey)
    for row, place in enumerate((0.85, 0.92)):
        _paste(layer, _smiley(side * 2 // 3, row * 2), 0.1, place)
        _write(layer, next(phrases), 0.5, place, 0.8 * line, 'black', width=0.65)


DRAWINGS = {
    'text': _draw_text, 'emoji': _draw_emoji, 'logo': _draw_logo, 'border': _draw_border,
    'meme': _draw_meme,
}  # fmt: skip


def _phrases(rng):
    return (PHRASES[i] for i in rng.permutation(len(PHRASES)))


def _write(layer, text, x, y, height, fill, outline=0.0, width=0.94) -> None:
    """Writes a line centred at (x, y), shares of the size; reduces it to fit ``width``."""
    draw = ImageDraw.Draw(layer)
    room = width * layer.width / draw.textlength(text, _font(100)) * 100
    size = max(round(min(height, room)), 6)
    style = dict(stroke_width=round(outline * size), stroke_fill='black') if outline else {}
    place = (x * layer.width, y * layer.height)
    draw.text(place, text, fill, _font(size), anchor='mm', **style)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), size)


def _paste(layer: Image.Image, image: Image.Image, x: float, y: float) -> None:
    """Pastes an image centred at (x, y), shares of the size, inside the layer."""
    left, top = x * layer.width - image.width / 2, y * layer.height - image.height / 2
    left = min(max(left, 0), max(layer.width - image.width, 0))
    top = min(max(top, 0), max(layer.height - image.height, 0))
    whole = Image.new('RGBA', layer.size)
    whole.paste(image, (round(left), round(top)))
    layer.alpha_composite(whole)


def _rectangle(layer: Image.Image, box, fill) -> None:
    ImageDraw.Draw(layer).rectangle([round(value) for value in box], fill)


def _smiley(side: int, mood: int) -> Image.Image:
    """Draws a yellow face: smiling, laughing or with sunglasses."""
    image = Image.new('RGBA', (side * SMOOTH,) * 2)
    draw, unit = ImageDraw.Draw(image), side * SMOOTH / 100

    def box(*corners):
        return [corner * unit for corner in corners]

    ink, line = (93, 64, 55), round(6 * unit)
    draw.ellipse(box(2, 2, 98, 98), (255, 202, 40), (245, 160, 0), round(4 * unit))
    if mood == 2:
        draw.rectangle(box(16, 30, 84, 36), 'black')
        draw.ellipse(box(18, 28, 47, 54), 'black')
        draw.ellipse(box(53, 28, 82, 54), 'black')
    else:
        draw.ellipse(box(27, 28, 40, 48), ink)
        draw.ellipse(box(60, 28, 73, 48), ink)
    if mood == 1:
        draw.chord(box(22, 34, 78, 86), 5, 175, ink)
        draw.chord(box(33, 50, 67, 86), 35, 145, (240, 98, 146))
    else:
        draw.arc(box(24, 26, 76, 80), 25, 155, ink, line)
    return image.resize((side, side), Image.LANCZOS)


def _badge(side: int, colour, alpha: int) -> Image.Image:
    """Draws a round sign with a play button."""
    image = Image.new('RGBA', (side * SMOOTH,) * 2)
    draw, unit = ImageDraw.Draw(image), side * SMOOTH / 100
    draw.ellipse(
        [4 * unit, 4 * unit, 96 * unit, 96 * unit],
        (*colour, alpha),
        (255, 255, 255, alpha),
        round(6 * unit),
    )
    corners = [(38, 28), (38, 72), (76, 50)]
    draw.polygon([(x * unit, y * unit) for x, y in corners], (255, 255, 255, alpha))
    return image.resize((side, side), Image.LANCZOS)
