"""Samples windows over a whole file, forward at speed 1, for evaluation and features."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from mmaction.registry import TRANSFORMS

from .placement import IGNORED
from .sampling import FORWARD, WindowSampler


class EvaluationSampler(WindowSampler):
    """Base of the samplers for evaluation, which differ in where the windows start.

    If a file is shorter than a window, its last frame is repeated and its sound is padded with
    zeros.

    Required and added keys are those of :class:`SampleAVClips`, with M windows and
    ``clip_order`` -1.

    Args:
        clip_len (int): Number of frames in a clip. Defaults to 16.
        video_fps (float): Frames per second. Defaults to 16.
        clip_duration (float, optional): Length of a window's sound in seconds. Defaults to None:
            as long as the clip, ``clip_len / video_fps``.
    """

    def __init__(
        self, clip_len: int = 16, video_fps: float = 16, clip_duration: float | None = None
    ) -> None:
        super().__init__(clip_len, video_fps)
        if clip_duration:
            self.audio_duration = clip_duration

    def transform(self, results: dict) -> dict:
        """Add the windows to ``results``."""
        latest = max(results['duration'] - max(self.clip_duration, self.audio_duration), 0.0)
        starts = self._starts(latest)
        shape = (2, len(starts))
        forward = np.full(shape, FORWARD)
        self._set_windows(results, starts, np.ones(shape), forward, self.audio_duration)
        results['video_speed'] = results['audio_speed'] = np.zeros(len(starts), dtype=np.int64)
        results['clip_order'] = IGNORED
        return results

    @abstractmethod
    def _starts(self, latest: float) -> np.ndarray:
        """Start times (M,) of the windows in seconds, from 0 to ``latest``."""


@TRANSFORMS.register_module()
class UniformSampleAVClips(EvaluationSampler):
    """Spread windows evenly over a video.

    A single window lies in the middle. Of several windows, the first starts with the video and the
    last ends with it.

    Args:
        num_clips (int): Number of windows per video. Defaults to 10.
        **kwargs: Arguments of :class:`EvaluationSampler`.
    """

    def __init__(self, num_clips: int = 10, **kwargs) -> None:
        super().__init__(**kwargs)
        if num_clips < 1:
            raise ValueError(f'num_clips={num_clips} must be at least 1')
        self.num_clips = num_clips

    def _starts(self, latest: float) -> np.ndarray:
        return np.linspace(0, latest, self.num_clips) if self.num_clips > 1 else [latest / 2]


@TRANSFORMS.register_module()
class SlidingAVClips(EvaluationSampler):
    """Take a window every ``stride`` seconds over the whole video, however long it is.

    The windows start at 0, ``stride``, 2 ``stride``, ... If the last of them leaves more than a
    frame of the video uncovered, one more window ends with the video.

    Args:
        stride (float): Seconds from the start of a window to that of the next. Defaults to 1.
        **kwargs: Arguments of :class:`EvaluationSampler`.
    """

    def __init__(self, stride: float = 1.0, **kwargs) -> None:
        super().__init__(**kwargs)
        if not stride > 0:
            raise ValueError(f'stride={stride} must be positive')
        self.stride = stride

    def _starts(self, latest: float) -> np.ndarray:
        slack = min(1 / self.video_fps, self.stride / 2)
        starts = np.arange(int((latest + slack) / self.stride) + 1) * self.stride
        starts = np.minimum(starts, latest)
        return starts if latest - starts[-1] <= slack else np.append(starts, latest)
