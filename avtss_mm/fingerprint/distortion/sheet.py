"""Draws a sheet that shows the effect of every distortion on frames, time and sound of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ...files.whole_file import written_whole
from ...media import open_media
from ...workers.progress import late_bar
from .overlay import FONT
from .suite import SUITE_V1, Recipe

NUM_FRAMES, BOX = 4, (120, 90)
"""Number of frames per cell, and the width and height that each fits into, in pixels."""

WIDTH = NUM_FRAMES * BOX[0]
RIBBON, SOUND, LINE, MARGIN, NAMES = 34, 54, 15, 5, 110
"""Heights of the strips of a cell and of a line of text, margin, and width of the names."""

SAMPLE_RATE, FFT, LOUDEST, RANGE = 16000, 1024, 15, 75
"""Spectrogram: sample rate in Hz, samples per window, brightest level and range in dB."""


def distortion_sheet(source, folder, rows: Sequence[dict], path) -> None:
    """Draws a file and its distorted copies: one line per distortion, one column per severity.

    A cell has frames evenly spread over the copy, a ribbon (the middle column of the frames over
    time) if the time is changed, and the spectrogram if the sound is changed.

    Args:
        source: Path of the distorted file, a video of some seconds.
        folder: Folder of its copies.
        rows: Rows of :func:`.distort.distort_folder` of the copies to draw.
        path: Path of the PNG to write.

    Raises:
        MediaError: If a file cannot be read.
    """
    copies = {(row['distortion'], row['severity']): row['filename'] for row in rows}
    severities = sorted({row['severity'] for row in rows})
    lines = [_row('', [_cell(source, 'the reference', ribbon=True, sound=True)])]
    for line in late_bar(SUITE_V1, 'sheet', unit='line'):
        cells = [
            _cell(
                Path(folder, copies[line.name, severity]),
                describe(line.recipes[severity - 1]),
                frames=line.modality != 'a',
                ribbon=line.family == 'time' or line.recipes[0].fps is not None,
                sound='a' in line.modality,
            )
            for severity in severities
            if (line.name, severity) in copies
        ]
        if cells:
            note = '' if line.headline else '(apart)'
            lines.append(_row(f'{line.name}\n{line.family}\n{note}', cells))
    sheet = Image.new('RGB', (max(x.width for x in lines), sum(x.height for x in lines)), 'white')
    top = 0
    for image in lines:
        sheet.paste(image, (0, top))
        top += image.height
    with written_whole(path) as draft:
        sheet.save(draft)


def describe(recipe: Recipe) -> str:
    """Describes the changes of a recipe in one line."""
    texts = []
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        if value == field.default:
            continue
        if field.name == 'overlays':
            value = ', '.join(f'{name} {strength}' for name, strength in value)
        elif field.name == 'sound_codec':
            value = '{}, {} Hz, {} bit/s'.format(*value)
        elif field.name not in ('video', 'audio'):
            value = f'{field.name} {value}'
        texts.append(value)
    return '; '.join(texts).replace('format=yuv420p, ', '')


def _row(name: str, cells: Sequence[Image.Image]) -> Image.Image:
    height = max([3 * LINE, *(cell.height for cell in cells)]) + 2 * MARGIN
    image = Image.new('RGB', (NAMES + len(cells) * (WIDTH + 2 * MARGIN), height), 'white')
    draw = ImageDraw.Draw(image)
    draw.multiline_text((MARGIN, MARGIN), name, 'black', _font(12), spacing=4)
    draw.line([0, 0, image.width, 0], (200, 200, 200))
    for column, cell in enumerate(cells):
        image.paste(cell, (NAMES + MARGIN + column * (WIDTH + 2 * MARGIN), MARGIN))
    return image


def _cell(path, text: str, frames=True, ribbon=False, sound=False) -> Image.Image:
    """Draws a copy: its recipe, its length, and the strips."""
    with open_media(path) as reader:
        info, strips = reader.info, []
        if frames and info.has_video:
            strips.append(_film(reader))
        if ribbon and info.has_video:
            strips.append(_ribbon(reader))
        if sound and info.has_audio:
            strips.append(_spectrogram(reader))
    facts = [f'{info.duration:.2f} s']
    if info.has_video:
        facts.append(f'{info.width}x{info.height}, {info.fps:.3g} fps')
    image = Image.new('RGB', (WIDTH, 2 * LINE + sum(strip.height + 1 for strip in strips)), 'white')
    draw = ImageDraw.Draw(image)
    draw.text((0, 0), _shortened(draw, text), 'black', _font(10))
    draw.text((0, LINE), ', '.join(facts), (120, 120, 120), _font(10))
    top = 2 * LINE
    for strip in strips:
        image.paste(strip, (0, top))
        top += strip.height + 1
    return image


def _shortened(draw: ImageDraw.ImageDraw, text: str) -> str:
    """Cuts a text off to fit into a cell."""
    shown = text
    while draw.textlength(shown, _font(10)) > WIDTH:
        text = text[:-1]
        shown = f'{text} ...'
    return shown


def _film(reader) -> Image.Image:
    times = (np.arange(NUM_FRAMES) + 0.5) / NUM_FRAMES * reader.info.duration
    film = Image.new('RGB', (WIDTH, BOX[1]), (225, 225, 225))
    for index, frame in enumerate(reader.read([times]).frames[0]):
        image = Image.fromarray(frame)
        scale = min((BOX[0] - 2) / image.width, BOX[1] / image.height)
        image = image.resize([max(round(side * scale), 1) for side in image.size], Image.LANCZOS)
        left = index * BOX[0] + (BOX[0] - image.width) // 2
        film.paste(image, (left, (BOX[1] - image.height) // 2))
    return film


def _ribbon(reader) -> Image.Image:
    times = (np.arange(WIDTH) + 0.5) / WIDTH * reader.info.duration
    columns = [
        np.concatenate(
            [frame[:, frame.shape[1] // 2] for frame in (reader.read([[time]]).frames[0])]
        )
        for time in times
    ]
    ribbon = np.stack(columns, axis=1)  # (H, WIDTH, 3)
    return Image.fromarray(ribbon).resize((WIDTH, RIBBON), Image.BOX)


def _spectrogram(reader) -> Image.Image:
    window = (0, reader.info.duration)
    sound = reader.read(audio_windows=[window], sample_rate=SAMPLE_RATE).audio[0]
    sound = np.pad(sound, (0, max(FFT - len(sound), 0)))
    starts = np.linspace(0, len(sound) - FFT, WIDTH).astype(int)
    pieces = sound[starts[:, None] + np.arange(FFT)] * np.hanning(FFT)
    power = np.abs(np.fft.rfft(pieces)) ** 2 / FFT  # (WIDTH, FFT / 2 + 1)
    edges = np.unique(np.geomspace(4, FFT // 2, SOUND).round().astype(int))
    bands = np.add.reduceat(power[:, : FFT // 2], edges[:-1], axis=1) / np.diff(edges)
    level = 10 * np.log10(bands.T[::-1] + 1e-9)  # low pitches at the bottom
    shade = ((level - LOUDEST) / RANGE + 1).clip(0, 1)
    colours = matplotlib.colormaps['magma'](shade)[..., :3]
    return Image.fromarray((colours * 255).astype(np.uint8)).resize((WIDTH, SOUND), Image.BILINEAR)


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT).replace('-Bold', ''), size)
