"""Generates clips from still pictures and sounds: a moving camera, moving sprites, mixed sound."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import scipy
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from ...errors import MediaError, UsageError
from .compositing import blend

ASPECTS = (4 / 3, 16 / 9, 1.0, 3 / 4, 9 / 16)
MIN_RMS = 1e-3
"""Loudness below which a window counts as silent: -60 dB of full scale, as in AVDecode."""


@TRANSFORMS.register_module()
class FilmPicture(BaseTransform):
    """Film a still picture, instead of decoding a video.

    A camera moves over the picture, or over a plain ground; sprites (pictures with transparent
    parts) move before it. The sound is a random stretch of a random file, often mixed with another.
    ``tools/data/prepare_free_media.py`` collects pictures, sprites and sounds.

    Required keys: ``filename`` (of the picture), ``duration``, ``frame_times``, ``audio_windows``.

    Added keys: those of :class:`AVDecode`.

    Args:
        sprites (str): Folder of PNG files with an alpha channel.
        sounds (str): Folder of WAV files at ``sample_rate``, mono, 16 bits.
        side (int): Shorter side of the frames in pixels. Defaults to 112.
        sample_rate (int): Sampling rate in Hz. Defaults to 16000.

    Raises:
        UsageError: If a folder has no such files.
    """

    def __init__(
        self, sprites: str, sounds: str, side: int = 112, sample_rate: int = 16000
    ) -> None:
        self.sprites = list_files(sprites, '.png')
        self.sounds = list_files(sounds, '.wav')
        self.side = side
        self.sample_rate = sample_rate

    def transform(self, results: dict) -> dict:
        """Render the frames and mix the sound of all windows."""
        picture = cv2.imread(results['filename'])
        if picture is None:
            raise MediaError(results['filename'], 'it is no picture')
        duration = results['duration']
        scene = Scene(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), self.sprites, self.side, duration)
        imgs = [scene.frame(time) for times in results['frame_times'] for time in times]
        results['imgs'] = imgs
        results['img_shape'] = results['original_shape'] = imgs[0].shape[:2]
        sound = mix_sounds(self.sounds, round(duration * self.sample_rate), self.sample_rate)
        results['audio_waveforms'] = [
            sound[round(start * self.sample_rate) :][: round((end - start) * self.sample_rate)]
            for start, end in results['audio_windows']
        ]
        loudness = [np.sqrt(np.mean(sound**2)) for sound in results['audio_waveforms']]
        results['has_audio'] = np.array(loudness) >= MIN_RMS
        results['file_has_audio'] = True
        return results


class Scene:
    """A shot of a picture, drawn from numpy's global generator.

    Args:
        picture: Picture, RGB uint8 (H, W, 3).
        sprites: Paths of sprites, of which some are used.
        side: Shorter side of the frames in pixels.
        duration: Length of the shot in seconds.
        aspect: Width of the frames divided by their height. Defaults to None: drawn.
    """

    def __init__(self, picture, sprites, side: int, duration: float, aspect=None) -> None:
        aspect = aspect or np.random.choice(ASPECTS)
        size = max(aspect, 1) * side, max(1 / aspect, 1) * side
        self.size = tuple(int(length) // 2 * 2 for length in size)  # W, H
        self.duration = duration
        plain = np.random.rand() < 0.2
        self.picture = plain_ground() if plain else np.ascontiguousarray(picture)
        # views: centre x, y and extent as shares of the largest that fits, angle in degrees
        extent = np.random.uniform(0.35, 1)
        first = np.array([*np.random.uniform(0, 1, 2), extent, np.random.normal(0, 2)])
        motion = np.random.normal(0, (0.15, 0.15, 0.06, 1.0)) * (np.random.rand() < 0.8)
        self.path = first, first + motion * duration / 4
        count = np.random.choice((1, 2, 3, 4) if plain else (0, 0, 1, 2, 3))
        self.sprites = [Sprite(sprites, duration) for _ in range(count)]

    def frame(self, time: float) -> np.ndarray:
        """Renders the frame at a time in seconds, RGB uint8 (H, W, 3)."""
        x, y, extent, angle = _between(*self.path, time / self.duration)
        width, height = self.size
        room = self.picture.shape[1], self.picture.shape[0]
        scale = np.clip(extent, 0.25, 1) * min(room[0] / width, room[1] / height)
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, scale)
        slack = np.subtract(room, scale * np.array(self.size))
        centre = np.clip((x, y), 0, 1) * slack + scale * np.array(self.size) / 2
        matrix[:, 2] += centre - (width / 2, height / 2)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REFLECT_101
        frame = cv2.warpAffine(self.picture, matrix, self.size, flags=flags, borderMode=border)
        for sprite in self.sprites:
            frame = sprite.draw(frame, time)
        return frame


class Sprite:
    """A sprite that moves straight through a shot, and turns."""

    def __init__(self, paths, duration: float) -> None:
        self.image = read_sprite(paths[np.random.randint(len(paths))])
        self.extent = np.random.uniform(0.15, 0.7)
        first = np.array([*np.random.uniform(0.1, 0.9, 2), np.random.uniform(-15, 15)])
        self.path = first, first + np.random.normal(0, (0.25, 0.15, 20)) * duration / 4
        self.duration = duration

    def draw(self, frame: np.ndarray, time: float) -> np.ndarray:
        """Returns the frame with the sprite at a time in seconds."""
        x, y, angle = _between(*self.path, time / self.duration)
        height, width = frame.shape[:2]
        return blend(frame, self.image, (x * width, y * height), self.extent * height, angle)


def mix_sounds(paths, num_samples: int, sample_rate: int) -> np.ndarray:
    """Mixes stretches of one or two sounds, float32 (num_samples,)."""
    mixed = stretch_of(paths, num_samples, sample_rate)
    if np.random.rand() < 0.5:
        level = 10 ** (np.random.uniform(-20, 0) / 20)
        mixed = mixed + np.float32(level) * stretch_of(paths, num_samples, sample_rate)
    return mixed / max(np.abs(mixed).max(), 1)


def stretch_of(paths, num_samples: int, sample_rate: int) -> np.ndarray:
    """Cuts a stretch out of a random file, repeated with pauses if it is short."""
    path = paths[np.random.randint(len(paths))]
    rate, sound = scipy.io.wavfile.read(path, mmap=True)
    if rate != sample_rate:
        raise MediaError(path, f'it has {rate} Hz instead of {sample_rate}')
    if len(sound) < num_samples:
        pause = np.zeros(np.random.randint(sample_rate), np.int16)
        sound = np.tile(np.concatenate([sound, pause]), num_samples // len(sound) + 1)
    first = np.random.randint(len(sound) - num_samples + 1)
    stretch = sound[first : first + num_samples].astype(np.float32) / 2**15
    loudness = max(np.sqrt(np.mean(stretch**2)), MIN_RMS)
    return stretch * np.float32(10 ** (np.random.uniform(-30, -14) / 20) / loudness)


def plain_ground() -> np.ndarray:
    """Draws a ground of a few soft colours, RGB uint8 (96, 128, 3)."""
    shape = np.random.randint(1, 4), np.random.randint(1, 4), 3
    colours = np.random.randint(0, 256, shape).astype(np.uint8)
    return cv2.resize(colours, (128, 96), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=4096)
def read_sprite(path: str) -> np.ndarray:
    """Reads a sprite, RGBA uint8 (H, W, 4)."""
    sprite = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if sprite is None or sprite.ndim < 3 or sprite.shape[2] != 4:
        raise MediaError(path, 'it is no picture with transparent parts')
    return cv2.cvtColor(sprite, cv2.COLOR_BGRA2RGBA)


def list_files(folder: str, suffix: str) -> list[str]:
    """Lists the files of a folder with a suffix, sorted."""
    paths = sorted(str(path) for path in Path(folder).glob(f'*{suffix}'))
    if not paths:
        raise UsageError(
            f'{folder} has no {suffix} files: make them with tools/data/prepare_free_media.py'
        )
    return paths


def _between(first: np.ndarray, last: np.ndarray, share: float) -> np.ndarray:
    return first + (last - first) * share
