"""Videos without repetition: each second differs from every other, in picture and in sound."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from avtss_mm.media import write_video

RATE = 16000
FPS = 12.5


def pictures(seed: int, start: float, end: float, height: int = 64, width: int = 96) -> list:
    """Draws the frames (H, W, 3) of the video of a seed, from ``start`` to ``end`` in seconds.

    They show blocks of colour that fade from one pattern to the next every 1.5 seconds.
    """
    frames = []
    for time in np.arange(round(start * FPS), round(end * FPS)) / FPS:
        number, share = divmod(time / 1.5, 1)
        before, after = (_pattern(seed, int(number) + step) for step in (0, 1))
        small = (1 - share) * before + share * after
        frames.append(np.kron(small, np.ones((height // 8, width // 8, 1))).astype(np.uint8))
    return frames


def melody(seed: int, start: float, end: float) -> np.ndarray:
    """Draws the sound (n,) of a seed, from ``start`` to ``end`` in whole seconds.

    It consists of four beats of noise per second, each with its own loudness and spectrum.
    """
    beats, size = [], RATE // 4
    for second in range(round(start), round(end)):
        rng = np.random.default_rng([seed, second, 1])
        for loudness in rng.choice([0.03, 0.3, 1], 4):
            spectrum = np.fft.rfft(rng.normal(0, 0.5, size))
            places = np.linspace(0, 1, len(spectrum))
            spectrum *= np.exp(np.interp(places, np.linspace(0, 1, 6), rng.uniform(-6, 0, 6)))
            beats.append(loudness * np.fft.irfft(spectrum, size))
    return np.concatenate(beats).astype(np.float32)


def write_distinct(path, seed: int, start: float = 0, end: float = 8, sound=True, **writer) -> Path:
    """Writes the video of a seed from ``start`` to ``end`` (s); returns the path."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = melody(seed, start, end) if sound else None
    write_video(path, pictures(seed, start, end), FPS, audio, RATE, **writer)
    return path


def write_sound(path, seed: int, start: float, end: float) -> Path:
    """Writes the sound of a seed from ``start`` to ``end`` (s) as WAV; returns the path."""
    with wave.open(str(path), 'wb') as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((melody(seed, start, end) * 20000).astype('<i2').tobytes())
    return Path(path)


def _pattern(seed: int, number: int) -> np.ndarray:
    """(8, 8, 3)"""
    return np.random.default_rng([seed, number]).uniform(0, 255, (8, 8, 3))
