"""Renders a distorted copy from its reference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ...media import Reader, write_video
from ...preparation.resize import even_size
from ..time_map import TimeMap
from .filler import other_pictures, other_sound
from .filters import SAMPLE_RATE, PictureFilter
from .overlay import Overlay
from .sound import distort_sound, read_stretch, write_sound
from .suite import Recipe

SHORT_SIDE = 256
"""Length in pixels to which the shorter side of larger references is reduced before distortion, so
that the strength of codecs and filters does not depend on the size of the reference."""

MAX_FPS = 30.0
"""Maximum frames per second of a copy."""

BLOCK = 16
"""Number of frames to read at a time."""

SOUND_BIT_RATE = 128000


class Copy:
    """A copy that can be written.

    Args:
        reader: Reader of the reference.
        duration: Length of the reference in seconds.
        recipe: Recipe of the distortion.
        seed: Seed of the random parts.
        donor: Path of the other video, if one is shown. None: a generated one.

    Attributes:
        time_map (TimeMap): Map from times of the copy to times of the reference.
    """

    def __init__(
        self, reader: Reader, duration: float, recipe: Recipe, seed: int, donor=None
    ) -> None:
        self.reader, self.recipe, self.seed, self.donor = reader, recipe, seed, donor
        self.rng = np.random.default_rng(seed)
        self.fps = min(recipe.fps or MAX_FPS, reader.info.fps, MAX_FPS)
        self.start, self.end = self._stretch(duration)
        length, speed = (self.end - self.start) / abs(recipe.speed), recipe.speed
        begin = round(recipe.inserted * self.fps) / self.fps if recipe.inserted else 0.0
        first = self.start if speed > 0 else self.end
        self.time_map = TimeMap(speed, first - speed * begin, begin, begin + length)

    def _stretch(self, duration: float) -> tuple[float, float]:
        """Start and end of the kept part of the reference in seconds."""
        start = self.recipe.cut if self.recipe.cut < duration / 2 else 0.0
        length = min(self.recipe.length or duration, duration - start)
        if self.recipe.length is not None:
            start += self.rng.uniform(0, duration - start - length)
        return start, start + length

    def write(self, path: Path) -> None:
        """Writes the file; its suffix decides the container."""
        sound = self._sound() if self.reader.info.has_audio else None
        if not self.reader.info.has_video:
            write_sound(path, sound, 'aac', SAMPLE_RATE, SOUND_BIT_RATE)
            return
        options = dict(video_codec=self.recipe.codec, crf=self.recipe.crf)
        write_video(path, self._pictures(), self.fps, sound, SAMPLE_RATE, **options)

    def _sound(self) -> np.ndarray:
        sound = read_stretch(self.reader, self.start, self.end, self.recipe)
        sound = distort_sound(sound, self.recipe, self.seed, self.donor)
        around = round(self.time_map.query_start * SAMPLE_RATE)
        other = other_sound(self.seed, 2 * around, self.donor) if around else sound[:0]
        return np.concatenate([other[:around], sound, other[around:]])

    def _pictures(self) -> Iterator[np.ndarray]:
        info = self.reader.info
        width, height = even_size(info.width, info.height, SHORT_SIDE)
        scale = f'scale={width}:{height}:flags=bicubic'
        chain = ', '.join(filter(None, (scale, self.recipe.video)))
        change = PictureFilter(chain.replace('$seed', str(self.seed)), info.width, info.height)
        pictures = map(change, self._frames())
        if self.recipe.overlays:
            pictures = self._drawn_over(pictures)
        if self.recipe.inset != 1:
            pictures = self._inset(pictures, (height, width))
        around = round(self.time_map.query_start * self.fps)
        other = other_pictures(self.seed, (height, width), self.fps, self.donor)
        yield from islice(other, around)
        yield from pictures
        yield from islice(other, around)

    def _frames(self) -> Iterator[np.ndarray]:
        """Yields the frames of the reference in the order of the copy."""
        begin, end = self.time_map.query_start, self.time_map.query_end
        num_frames = max(round((end - begin) * self.fps), 1)
        # a frame of the copy shows the reference at the middle of the frame's time
        times = self.time_map.reference(begin + (np.arange(num_frames) + 0.5) / self.fps)
        kept = self.rng.random(num_frames) >= self.recipe.drop
        times = times[np.maximum.accumulate(np.where(kept, np.arange(num_frames), 0))]
        for first in range(0, num_frames, BLOCK):
            yield from self.reader.read([times[first : first + BLOCK]]).frames[0]

    def _drawn_over(self, pictures) -> Iterator[np.ndarray]:
        overlay = None
        for picture in pictures:
            overlay = overlay or Overlay(self.recipe.overlays, picture.shape[:2], self.seed)
            yield overlay(picture)

    def _inset(self, pictures, size: tuple[int, int]) -> Iterator[np.ndarray]:
        """Yields the frames, reduced, inside those of another video."""
        height, width = (2 * round(side * self.recipe.inset / 2) for side in size)
        left = self.rng.integers(size[1] - width + 1)
        top = self.rng.integers(size[0] - height + 1)
        shrink = PictureFilter(f'scale={width}:{height}', size[1], size[0])
        for picture, other in zip(pictures, other_pictures(self.seed, size, self.fps, self.donor)):
            canvas = other.copy()
            canvas[top : top + height, left : left + width] = shrink(picture)
            yield canvas
