"""Makes the sound of a distorted copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from ...media import open_media
from ...media.base import local_name
from .filler import other_sound
from .filters import SAMPLE_RATE, filter_sound, sound_frame
from .suite import Recipe

QUIET = 1e-3
"""Minimum loudness (RMS) assumed for any sound."""


def read_stretch(reader, start: float, end: float, recipe: Recipe) -> np.ndarray:
    """Reads the sound of a file from ``start`` to ``end`` (s), at the speed of the recipe.

    Returns:
        np.ndarray: float32 mono ``(round((end - start) / |speed| * SAMPLE_RATE),)``.
    """
    speed = abs(recipe.speed)
    # as many samples as the copy needs: at SAMPLE_RATE they play at its speed, like a tape
    rate = SAMPLE_RATE if recipe.keep_pitch else round(SAMPLE_RATE / speed)
    sound = reader.read(audio_windows=[(start, end)], sample_rate=rate).audio[0]
    if recipe.speed < 0:
        sound = sound[::-1]
    if recipe.keep_pitch:
        sound = filter_sound(sound, f'atempo={speed}')
    return _fit(sound, round((end - start) / speed * SAMPLE_RATE))


def distort_sound(sound: np.ndarray, recipe: Recipe, seed: int, donor=None) -> np.ndarray:
    """Distorts a sound as the recipe says, except for its time.

    Args:
        sound: Mono sound (n,) at ``SAMPLE_RATE``, float32.
        recipe: Recipe of the distortion.
        seed: Seed of noise, music and the positions of changes.
        donor: Path of a file with the sound of :attr:`Recipe.replaced`. None: generated music.

    Returns:
        np.ndarray: float32 mono (n,) in [-1, 1].
    """
    rng = np.random.default_rng(seed)
    sound = _fit(filter_sound(sound, recipe.audio.replace('$seed', str(seed % 2**31))), len(sound))
    if recipe.clipped is not None:
        limit = recipe.clipped * max(_loudness(sound), QUIET)
        sound = sound.clip(-limit, limit) * (0.9 / limit)
    if recipe.snr is not None:
        noise = rng.normal(0, max(_loudness(sound), QUIET) / 10 ** (recipe.snr / 20), len(sound))
        sound = sound + noise.astype(np.float32)
        sound = sound / max(np.abs(sound).max(initial=1), 1)
    sound = _patched(sound, recipe.muted, rng, np.zeros)
    sound = _patched(sound, recipe.replaced, rng, lambda length: other_sound(seed, length, donor))
    if recipe.sound_codec is not None:
        sound = _fit(_recoded(sound, *recipe.sound_codec), len(sound))
    return np.ascontiguousarray(sound.clip(-1, 1), np.float32)


def write_sound(path, sound: np.ndarray, codec: str, sample_rate: int, bit_rate: int) -> None:
    """Writes an audio file; its suffix decides the container.

    Args:
        path: Path of the file to write.
        sound: Mono sound (n,) at ``SAMPLE_RATE``, float32.
        codec: Name of FFmpeg's encoder.
        sample_rate: Sample rate of the file in Hz.
        bit_rate: Bits per second.
    """
    with av.open(local_name(path), 'w') as output:
        track = output.add_stream(codec, rate=sample_rate, layout='mono')
        track.bit_rate = bit_rate
        output.mux(track.encode(sound_frame(sound)))
        output.mux(track.encode(None))


def _patched(sound: np.ndarray, share: float, rng, make: Callable) -> np.ndarray:
    """Replaces a part of the sound at a random position by ``make(length)``."""
    length = round(share * len(sound))
    if not length:
        return sound
    first = rng.integers(len(sound) - length + 1)
    return np.concatenate([sound[:first], make(length), sound[first + length :]])


def _recoded(sound: np.ndarray, codec: str, sample_rate: int, bit_rate: int) -> np.ndarray:
    """Encodes and decodes the sound."""
    with TemporaryDirectory() as folder:
        path = Path(folder, 'sound.wav' if codec.startswith('pcm') else 'sound.mp4')
        write_sound(path, sound, codec, sample_rate, bit_rate)
        with open_media(path) as reader:
            window = (0, len(sound) / SAMPLE_RATE)
            return reader.read(audio_windows=[window], sample_rate=SAMPLE_RATE).audio[0]


def _fit(sound: np.ndarray, num_samples: int) -> np.ndarray:
    """Cuts the sound or pads it with silence."""
    return np.pad(sound[:num_samples], (0, max(num_samples - len(sound), 0)))


def _loudness(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
