"""Content of other videos: generated frames and music, or those of a file."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from ...media import open_media
from .filters import SAMPLE_RATE

SHOT = 2.0
"""Seconds between two cuts of the generated video."""

CHORDS = ((0, 4, 7), (-3, 0, 4), (5, 9, 12), (7, 11, 14), (2, 5, 9))
BEAT = 0.3
"""Chords of the generated music in semitones, and seconds from one note to the next."""


def other_pictures(seed: int, size: tuple[int, int], fps: float, donor=None) -> Iterator:
    """Yields endless frames, uint8 RGB (H, W, 3), unrelated to the reference.

    Args:
        seed: Seed of the generated frames.
        size: Height and width in pixels.
        fps: Frames per second.
        donor: Path of a video to show in a loop instead of generated frames.
    """
    if donor is not None:
        yield from _shown(donor, size, fps)
    rng = np.random.default_rng(seed)
    while True:
        # a coarse field of colours that drifts and fades into another, like a blurred scene
        tint = rng.integers(40, 216, 3)
        first, last = 0.55 * tint + 0.45 * rng.integers(0, 256, (2, 4, 6, 3))
        num_frames = max(round(SHOT * fps), 1)
        for index in range(num_frames):
            share = index / num_frames
            field = ((1 - share) * first + share * last).astype(np.uint8)
            image = Image.fromarray(field).resize((size[1] * 5 // 4, size[0]), Image.BICUBIC)
            left = round(share * (image.width - size[1]))
            yield np.asarray(image.crop((left, 0, left + size[1], size[0])))


def other_sound(seed: int, num_samples: int, donor=None) -> np.ndarray:
    """Makes sound, float32 mono (n,), unrelated to the reference: music unless from a file.

    Args:
        seed: Seed of the music.
        num_samples: Number of samples at :data:`SAMPLE_RATE`.
        donor: Path of a file whose sound to loop instead of music.
    """
    if donor is not None:
        sound = _heard(donor)
        if sound is not None:
            return np.resize(sound, num_samples)
    rng = np.random.default_rng(seed)
    root, step = 110 * 2 ** (rng.integers(12) / 12), round(BEAT * SAMPLE_RATE)
    decay = np.arange(4 * step) / SAMPLE_RATE
    sound = np.zeros(num_samples + 4 * step, np.float32)
    for beat, start in enumerate(range(0, num_samples, step)):
        if beat % 8 == 0:
            chord = CHORDS[rng.integers(len(CHORDS))]
        for tone, loudness in ((chord[0], 0.25 * (beat % 4 == 0)), (rng.choice(chord) + 12, 0.2)):
            pitch = 2 * np.pi * root * 2 ** (tone / 12)
            wave = sum(np.sin(k * pitch * decay) / k**1.5 for k in (1, 2, 3, 4))
            sound[start : start + 4 * step] += loudness * np.exp(-4 * decay) * wave
    return sound[:num_samples]


def _shown(donor, size: tuple[int, int], fps: float) -> Iterator[np.ndarray]:
    with open_media(donor) as reader:
        num_frames = max(round(reader.info.duration * fps), 1)
        while reader.info.has_video:
            for index in range(num_frames):
                image = reader.read([np.array([(index + 0.5) / fps])]).frames[0][0]
                yield np.asarray(Image.fromarray(image).resize(size[::-1], Image.BILINEAR))


def _heard(donor) -> np.ndarray | None:
    with open_media(donor) as reader:
        window = (0, max(reader.info.duration, 0.1))
        return reader.read(audio_windows=[window], sample_rate=SAMPLE_RATE).audio[0]
