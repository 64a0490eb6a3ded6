"""The events of one toy video: what moves, what strikes when, how far the water has risen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .motions import MOTIONS, Impact, Scene
from .sound import SAMPLE_RATE, TIMBRES

FPS = 25
CLASSES = tuple(f'{motion}-{timbre}' for motion in MOTIONS for timbre in TIMBRES)

__all__ = ['CLASSES', 'FPS', 'SAMPLE_RATE', 'ToyWorld', 'make_world']


@dataclass
class ToyWorld:
    """Everything that picture and sound share.

    Attributes:
        label: Index into :data:`CLASSES`, ``motion * len(TIMBRES) + timbre``.
        times: Time of each frame in seconds, shape (num_frames,).
        poses: Poses of the objects, see :class:`~avtss_mm.toy.motions.Motion`.
        pivots: Pivots of the objects, likewise.
        impacts: All impacts, also those before time 0 (their sound may still ring).
        radius: Size of the objects in picture heights; larger objects sound lower.
        level: Height of the water above the lower edge at each frame, shape (num_frames,); the
            pitch of the filling sound rises with it.
        bubbles: Rows of (time of leaving the ground, x, radius, time of bursting).
        seeds: Seeds of the draws that concern only the picture and only the sound.
    """

    label: int
    times: np.ndarray
    poses: np.ndarray
    pivots: np.ndarray | None
    impacts: list[Impact]
    radius: float
    level: np.ndarray
    bubbles: np.ndarray
    seeds: tuple[np.random.SeedSequence, np.random.SeedSequence]

    @property
    def motion(self) -> str:
        return list(MOTIONS)[self.label // len(TIMBRES)]

    @property
    def timbre(self) -> str:
        return list(TIMBRES)[self.label % len(TIMBRES)]

    @property
    def duration(self) -> float:
        return len(self.times) / FPS


BUBBLE_SPEED = 0.3  # heights / s
# Half width and half height of an object of each material, in units of its radius.
_HALF_SIZES = {'bell': (1.05, 1.05), 'wood': (1.35, 0.6), 'drum': (1, 1), 'pluck': (1.2, 1.2)}


def make_world(label: int, seed: np.random.SeedSequence, duration: float = 8.0) -> ToyWorld:
    """Draws one world.

    Args:
        label: Index into :data:`CLASSES`.
        seed: Source of all randomness: equal seeds give equal worlds.
        duration: Length in seconds, rounded down to whole frames.

    Raises:
        ValueError: If the label or the duration is out of range.
    """
    if not 0 <= label < len(CLASSES):
        raise ValueError(f'label {label}: must be in 0..{len(CLASSES) - 1}')
    if duration < 1:
        raise ValueError(f'duration {duration}: must be at least 1 second')
    own, *others = seed.spawn(3)
    rng = np.random.default_rng(own)
    times = np.arange(int(duration * FPS)) / FPS
    duration = len(times) / FPS
    radius = rng.uniform(0.13, 0.16)
    half = radius * np.array(_HALF_SIZES[list(TIMBRES)[label % len(TIMBRES)]])
    motion = list(MOTIONS.values())[label // len(TIMBRES)](Scene(rng, times, duration, half))
    low, high = rng.uniform(0.02, 0.12), rng.uniform(0.8, 0.95)
    level = low + (high - low) * times / duration
    births = np.cumsum(rng.exponential(0.3, int(8 * duration))) - 2
    births = births[births < duration]
    # A bubble bursts where it meets the surface, which rises meanwhile.
    rise = (high - low) / duration
    ends = births + (low + rise * births) / max(BUBBLE_SPEED - rise, 0.05)
    keep = (low + rise * births > 0.03) & (ends > 0)
    count = len(births)
    columns = births, rng.uniform(0.05, 0.95, count), rng.uniform(0.01, 0.03, count), ends
    return ToyWorld(
        label, times, motion.poses, motion.pivots, motion.impacts, radius, level,
        np.stack(columns, axis=-1)[keep], tuple(others),
    )  # fmt: skip
