"""How the objects of the toy world move and where they strike.

Lengths are in picture heights (x to the right, y down, both in [0, 1] on screen), times in
seconds. Gravity, friction and energy losses are constants of the world, so that any motion shows
the playback speed. Objects lose energy at each impact and are then kicked again, after longer and
longer rests as the video goes on: no part of it looks the same backwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRAVITY = 8.0  # heights / s^2
FRICTION = 0.7  # heights / s^2
FLOOR = 0.86  # y of the ground
LEFT, RIGHT = 0.07, 0.93  # x of the walls


@dataclass
class Impact:
    """One impact: time, place, strength (0 to 1) and pitch relative to the object's own."""

    time: float
    x: float
    y: float
    strength: float
    pitch: float = 1.0


@dataclass
class Motion:
    """Motion of all objects of a video.

    Attributes:
        poses: Pose (x, y, angle in rad) of each object at each frame, shape (num_frames, K, 3);
            NaN where an object is out of the scene.
        impacts: All impacts, in order of time.
        pivots: Point (x, y) from which each object hangs, shape (K, 2); None if nothing hangs.
    """

    poses: np.ndarray
    impacts: list[Impact]
    pivots: np.ndarray | None = None


class _Path:
    """A path of pieces with constant acceleration; each piece lasts until the next one starts."""

    def __init__(self) -> None:
        self.pieces: list[tuple[float, ...]] = []

    def add(self, t, x, y, vx=0.0, vy=0.0, ax=0.0, ay=0.0) -> None:
        self.pieces.append((t, x, y, vx, vy, ax, ay))

    def at(self, times: np.ndarray) -> np.ndarray:
        """Returns the upright poses (x, y, 0) at the given times: (num_times, 3)."""
        start, *state = np.array(self.pieces).T
        k = np.clip(np.searchsorted(start, times, side='right') - 1, 0, None)
        x, y, vx, vy, ax, ay = (column[k] for column in state)
        dt = times - start[k]
        xy = x + vx * dt + ax * dt**2 / 2, y + vy * dt + ay * dt**2 / 2
        return np.stack([*xy, np.zeros_like(dt)], axis=-1)


@dataclass
class Scene:
    """What a motion needs to know of its video.

    Attributes:
        rng: Generator of all random draws.
        times: Time of each frame in seconds, shape (num_frames,).
        duration: Length of the video in seconds.
        half: Half width and half height of an object in picture heights, shape (2,).
    """

    rng: np.random.Generator
    times: np.ndarray
    duration: float
    half: np.ndarray

    def progress(self, time: float) -> float:
        """Returns the position in the video: 0 at its start, 1 at its end."""
        return min(max(time / self.duration, 0.0), 1.0)

    def pause(self, time: float) -> float:
        """Draws the rest before the next kick in seconds; it grows along the video."""
        return self.rng.uniform(0.02, 0.12) + 0.9 * self.progress(time)


def bounce(scene: Scene) -> Motion:
    """An object is kicked up and bounces lower and lower: impacts come closer and grow weaker."""
    rng, end, ground = scene.rng, scene.duration, FLOOR - scene.half[1]
    t, x = -rng.uniform(0, 2.0), rng.uniform(0.3, 0.7)
    path, impacts = _Path(), []
    path.add(t, x, ground)
    while t < end:
        kick = vy = np.sqrt(2 * GRAVITY * rng.uniform(0.42, 0.58))
        vx = (rng.uniform(0.22, 0.78) - x) / (6 * vy / GRAVITY)
        while vy > (0.25 + 0.2 * scene.progress(t)) * kick:
            impacts.append(Impact(t, x, FLOOR, (vy / 3.1) ** 1.2))
            path.add(t, x, ground, vx, -vy, 0.0, GRAVITY)
            flight = 2 * vy / GRAVITY
            t, x, vy = t + flight, x + vx * flight, 0.74 * vy
        path.add(t, x, ground)
        t += scene.pause(t)
    return Motion(path.at(scene.times)[:, None], impacts)


def slide(scene: Scene) -> Motion:
    """An object is pushed and slides from wall to wall: impacts come further and further apart."""
    rng, end, y = scene.rng, scene.duration, FLOOR - scene.half[1]
    half, t, x = scene.half[0], -rng.uniform(0, 2.0), rng.uniform(0.3, 0.7)
    path, impacts = _Path(), []
    path.add(t, x, y)
    while t < end:
        v, side = rng.uniform(2.2, 2.6) - 0.7 * scene.progress(t), rng.choice([-1, 1])
        impacts.append(Impact(t, x - side * half, y, 0.9))
        while v > 0:
            path.add(t, x, y, side * v, 0.0, -side * FRICTION)
            gap = RIGHT - half - x if side > 0 else x - LEFT - half
            arrival = np.sqrt(max(v**2 - 2 * FRICTION * gap, 0.0))  # speed left at the wall
            dt = (v - arrival) / FRICTION
            t, x = t + dt, x + side * (v * dt - FRICTION * dt**2 / 2)
            if arrival > 0:
                strength = (arrival / 2.5) ** 1.2
                impacts.append(Impact(t, x + side * half, y, strength, 1 - 0.06 * side))
            v, side = 0.84 * arrival, -side
        path.add(t, x, y)
        t += 1.5 * scene.pause(t)
    return Motion(path.at(scene.times)[:, None], impacts)


def swing(scene: Scene) -> Motion:
    """Two pendulums strike each other in turn, on ropes that lengthen: an even, slowing beat."""
    rng, times, half = scene.rng, scene.times, scene.half[0]
    t, side, amplitude = -rng.uniform(0, 2.0), rng.choice([-1, 1]), 0.0
    x, top = rng.uniform(0.42, 0.58), 0.06
    swings, impacts = [], []  # start, amplitude (rad, left is negative), rate (rad / s)
    while t < scene.duration:
        if amplitude < 0.38:
            amplitude = rng.uniform(0.75, 0.95)
        rope = 0.24 + 0.3 * scene.progress(t)
        rate = np.sqrt(GRAVITY / rope)
        impacts.append(Impact(t, x, top + rope, amplitude**1.2))
        swings.append((t, side * amplitude, rate))
        t, side, amplitude = t + np.pi / rate, -side, 0.83 * amplitude
    starts = np.array(swings)[:, 0]
    k = np.clip(np.searchsorted(starts, times, side='right') - 1, 0, None)
    start, reach, rate = np.array(swings)[k].T
    angle = reach * np.sin(rate * np.clip(times - start, 0, np.pi / rate))
    angles = np.stack([np.minimum(angle, 0), np.maximum(angle, 0)], axis=-1)  # (T, 2)
    pivots = np.array([[x - half, top], [x + half, top]])
    rope = 0.24 + 0.3 * times[:, None] / scene.duration
    poses = [pivots[:, 0] + rope * np.sin(angles), top + rope * np.cos(angles), -angles]
    return Motion(np.stack(poses, axis=-1), impacts, pivots)


def drop(scene: Scene) -> Motion:
    """Objects fall one by one and shatter: an irregular beat that thins out."""
    rng, height = scene.rng, scene.half[1]
    fall = np.sqrt(2 * (FLOOR + height) / GRAVITY)
    poses = np.full((len(scene.times), 4, 3), np.nan)  # at most 4 are in the air
    impacts, t = [], -0.5
    while t < scene.duration:
        x, spin = rng.uniform(0.15, 0.85), rng.uniform(-2, 2)
        air = (scene.times >= t) & (scene.times < t + fall)
        dt = scene.times[air] - t
        y = GRAVITY * dt**2 / 2 - 2 * height
        poses[air, len(impacts) % 4] = np.stack([np.full_like(dt, x), y, spin * dt], axis=-1)
        impacts.append(Impact(t + fall, x, FLOOR, rng.uniform(0.6, 1.0)))
        t += (0.28 + 0.55 * scene.progress(t)) * rng.uniform(0.5, 1.5)
    return Motion(poses, impacts)


MOTIONS = {'bounce': bounce, 'swing': swing, 'slide': slide, 'drop': drop}
