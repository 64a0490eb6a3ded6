"""Draws the windows of a video, their playback speeds and directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .placement import IGNORED, place_windows

FORWARD, BACKWARD = 0, 1  # classes of ``video_direction`` and ``audio_direction``

ONE_PER_WINDOW = (
    'frame_times',
    'audio_windows',
    'video_rate',
    'audio_rate',
    'video_direction',
    'audio_direction',
    'video_speed',
    'audio_speed',
)
"""Keys of a sampler's output that have one entry per window."""


def take_windows(results: dict, first: int, last: int) -> dict:
    """Copy a sampler's output with only the windows ``first`` to ``last`` (exclusive)."""
    part = {**results, **{key: results[key][first:last] for key in ONE_PER_WINDOW}}
    part['num_clips'] = len(part['frame_times'])
    return part


class WindowSampler(BaseTransform):
    """Base of all samplers: turns starts, rates and directions into times to decode."""

    def __init__(self, clip_len: int, video_fps: float) -> None:
        if clip_len < 1 or video_fps <= 0:
            raise ValueError(f'clip_len={clip_len} and video_fps={video_fps} must be positive')
        self.clip_len = clip_len
        self.video_fps = video_fps
        self.clip_duration = self.audio_duration = clip_len / video_fps

    def _set_windows(
        self,
        results: dict,
        starts: np.ndarray,
        rates: np.ndarray,
        directions: np.ndarray,
        audio_duration: float,
    ) -> None:
        """Write the times to decode; ``rates`` and ``directions`` are (2, M): video, audio."""
        ticks = np.arange(self.clip_len) / self.video_fps  # (T,)
        frame_times = [start + rate * ticks for start, rate in zip(starts, rates[0])]
        results['frame_times'] = [
            times[::-1] if direction == BACKWARD else times
            for times, direction in zip(frame_times, directions[0])
        ]
        results['audio_windows'] = [
            (float(start), float(start + rate * audio_duration))
            for start, rate in zip(starts, rates[1])
        ]
        results['video_rate'], results['audio_rate'] = rates.astype(float)
        results['video_direction'], results['audio_direction'] = directions
        results['num_clips'] = len(starts)
        results['clip_len'] = self.clip_len


@TRANSFORMS.register_module()
class SampleAVClips(WindowSampler):
    """Draw two windows of a video for temporal self-supervision.

    All times are seconds of the source, so that the physical speed does not depend on the frame
    rate. The transform draws from numpy's global generator, in this order:

    1. the playback speed of each window, uniformly. If the video is too short for the fastest
       speed, it draws among those that fit and gives no speed label, so that a label never reveals
       the length of the video. If the video is too short even for the slowest speed, both windows
       are the whole video with its last frame repeated, and there are no labels at all;
    2. the order of the two windows, uniformly (:func:`place_windows`), and their positions. If two
       disjoint windows do not fit, positions are random and the order label is ignored;
    3. the playback direction of each window.

    The losses ignore labels of -1.

    Required keys: ``duration``.

    Added keys: ``frame_times`` (list of (T,) seconds, descending in a backward clip),
    ``audio_windows`` (list of (start, end) seconds), ``video_speed`` and ``audio_speed`` ((2,)
    int64, index into ``speeds``), ``video_rate`` and ``audio_rate`` ((2,) float, the actual speed,
    also where the label is ignored), ``video_direction`` and ``audio_direction`` ((2,) int64: 0
    forward, 1 backward), ``clip_order`` (int: the first window is 0 before, 1 overlapping, 2 after
    the second), ``num_clips``, ``clip_len``.

    Args:
        clip_len (int): Number of frames in a clip. Defaults to 16.
        video_fps (float): Frames per second at speed 1. A window lasts ``speed * clip_len /
            video_fps`` seconds. Above the frame rate of the data, frames repeat at speed 1 and
            reveal that speed. Defaults to 16.
        speeds (Sequence[float]): Playback speeds. The fastest one decides how long a video must be
            to have speed labels. Defaults to (1, 2, 4, 8).
        backward_prob (float): Probability that a window is played backward. Defaults to 0.5.
        shared_speed (bool): Whether audio and video of a window have the same speed; contrastive
            terms between the two may then be solved by speed alone. If not, the audio starts with
            the clip and lasts as long as its own speed requires. Defaults to True.
        shared_direction (bool): Whether audio and video of a window have the same direction, which
            may have the same effect. Defaults to True.
        min_overlap (float): Minimum overlap of two overlapping windows, as a share of the shorter
            one. Defaults to 0.5.
    """

    num_clips = 2

    def __init__(
        self,
        clip_len: int = 16,
        video_fps: float = 16,
        speeds: Sequence[float] = (1, 2, 4, 8),
        backward_prob: float = 0.5,
        shared_speed: bool = True,
        shared_direction: bool = True,
        min_overlap: float = 0.5,
    ) -> None:
        super().__init__(clip_len, video_fps)
        if not speeds or min(speeds) <= 0:
            raise ValueError(f'speeds={speeds} must be positive numbers')
        if not 0 < min_overlap <= 1:
            raise ValueError(f'min_overlap={min_overlap} must lie in (0, 1]')
        self.speeds = np.array(speeds, dtype=float)
        self.backward_prob = backward_prob
        self.shared_speed = shared_speed
        self.shared_direction = shared_direction
        self.min_overlap = min_overlap

    @property
    def min_duration(self) -> float:
        """Minimum length in seconds of a video to have speed labels."""
        return self.speeds.max() * self.clip_duration

    def transform(self, results: dict) -> dict:
        """Add the windows and their labels to ``results``."""
        duration = results['duration']
        lengths = self.speeds * self.clip_duration
        fitting = np.flatnonzero(lengths <= duration)
        if fitting.size == 0:
            return self._whole_video(results)

        speeds = fitting[self._draw(self.shared_speed, lambda: np.random.randint(fitting.size))]
        starts, order = place_windows(lengths[speeds].T, duration, self.min_overlap)
        directions = self._draw(
            self.shared_direction, lambda: np.random.rand() < self.backward_prob
        )
        labels = speeds if fitting.size == lengths.size else np.full_like(speeds, IGNORED)
        self._set_windows(results, starts, self.speeds[speeds], directions, self.clip_duration)
        results['video_speed'], results['audio_speed'] = labels
        results['clip_order'] = order
        return results

    @staticmethod
    def _draw(shared: bool, draw: Callable[[], int]) -> np.ndarray:
        """Draw a value for the video (row 0) and the audio (row 1) of each window: (2, 2) int64."""
        video = [draw(), draw()]
        audio = video if shared else [draw(), draw()]
        return np.array([video, audio], dtype=np.int64)

    def _whole_video(self, results: dict) -> dict:
        """Take the whole video for both windows, forward, at the slowest speed, without labels.

        The repeated last frame would reveal direction and order.
        """
        rates = np.full((2, 2), self.speeds.min())
        no_label = np.full((2, 2), IGNORED)
        self._set_windows(results, np.zeros(2), rates, no_label, self.clip_duration)
        results['video_speed'], results['audio_speed'] = no_label
        results['clip_order'] = IGNORED
        return results
