"""What every back-end shares: the facts, the clips, and the bookkeeping of one read."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import MediaError

TOLERANCE = 1e-3
"""Seconds by which a frame may begin after the asked time and still be on screen: a time that was
computed as ``n / fps`` and the timestamp of frame n differ by rounding."""

FAR = 1e7
"""A time (seconds) after the end of any file: asks for its last frame."""

MERGE_GAP = 0.5
"""Sound windows closer than this (seconds) are decoded as one: cheaper than another seek."""


def local_name(path) -> str:
    """A path as FFmpeg takes it for a file, whatever it is: ``12:30.mp4`` would be a protocol."""
    return os.path.join(os.curdir, os.fspath(path))


@dataclass(frozen=True)
class MediaInfo:
    """Facts of a file, as its headers give them.

    Attributes:
        duration: Length in seconds of the picture, of the sound in a sound-only file.
        fps: Average frames a second (25 when the header does not say), 0 without picture.
        num_frames: Number of frames, 0 when the header does not say.
        width: Pixels as displayed, that is after the rotation.
        height: Pixels as displayed, that is after the rotation.
        rotation: Degrees counter-clockwise that the frames were turned for display.
        has_video: Whether there is a picture (cover art is none).
        has_audio: Whether there is a sound track.
        sample_rate: Hz of the sound track, 0 without one.
        channels: Number of channels of the sound track, 0 without one.
    """

    duration: float
    fps: float
    num_frames: int
    width: int
    height: int
    rotation: int
    has_video: bool
    has_audio: bool
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class MediaClips:
    """What :meth:`Reader.read` returns.

    Attributes:
        frames: For each clip a list of T uint8 RGB arrays (H, W, 3). One source frame that was
            asked for several times is the same array: copy before writing into it.
        frame_pts: For each clip the times (T,) in seconds of the frames really returned.
        frame_ages: For each clip the seconds (T,) by which a frame is older than the one that
            should be on screen and does not decode; 0 where nothing is damaged.
        audio: For each window a float32 mono array (round((end - start) * sample_rate),), zero
            where the track has no sound; ``None`` when the file has no sound track.
    """

    frames: list[list[np.ndarray]]
    frame_pts: list[np.ndarray]
    frame_ages: list[np.ndarray]
    audio: list[np.ndarray | None]


class Reader(ABC):
    """An open file. Use it as a context manager, in one thread.

    Time is in seconds; zero is the presentation time of the first video frame (of the first
    sample in a sound-only file), and the sound is placed by its own timestamps.
    """

    path: str
    info: MediaInfo
    max_age: float | None = None
    antiphase = False
    """Whether channels of the sound that was read so far cancel each other in a plain mix."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def read(
        self,
        frame_times: Sequence[np.ndarray] = (),
        audio_windows: Sequence[tuple[float, float]] = (),
        sample_rate: int = 16000,
    ) -> MediaClips:
        """Decodes what all clips and windows of a sample need, in one pass over each stream.

        The frame at time t is the one on screen at t: the last whose timestamp is <= t, the
        first or the last frame of the file outside its length.

        Args:
            frame_times: For each clip the times (T,) of its frames in seconds, in any order
                (descending for a clip that runs backwards), repeats allowed.
            audio_windows: ``(start, end)`` in seconds, may overlap or reach past the sound.
            sample_rate: Hz that the sound is resampled to.

        Returns:
            MediaClips: Frames, their timestamps and the sound.

        Raises:
            MediaError: If frames are asked of a file without picture, or nothing decodes.
        """
        clips = [np.asarray(times, dtype=np.float64).ravel() for times in frame_times]
        times = np.unique(np.concatenate(clips)) if clips else np.empty(0)
        if times.size and not self.info.has_video:
            raise MediaError(self.path, 'no video stream')
        if not np.isfinite(times).all():
            raise ValueError('frame_times must be finite numbers of seconds')
        images, pts, ages = self._frames(times) if times.size else ([], np.empty(0), np.empty(0))
        if self.max_age is not None and ages.max(initial=0) > self.max_age:
            raise MediaError(
                self.path, f'a frame of {ages.max():.2f} s before stands in for one that is damaged'
            )
        rows = [np.searchsorted(times, clip) for clip in clips]
        return MediaClips(
            frames=[[images[i] for i in row] for row in rows],
            frame_pts=[pts[row] for row in rows],
            frame_ages=[ages[row] for row in rows],
            audio=self._windows(audio_windows, sample_rate),
        )

    def _windows(self, windows, sample_rate: int) -> list[np.ndarray | None]:
        """Decodes overlapping windows once and cuts each out of its group."""
        if not self.info.has_audio:
            return [None] * len(windows)
        waveforms: list[np.ndarray | None] = [None] * len(windows)
        for group in _merge(windows):
            begin = min(windows[i][0] for i in group)
            length = max(_length(windows[i], begin, sample_rate)[1] for i in group)
            waveform = self._sound(begin, length, sample_rate)
            for i in group:
                first, last = _length(windows[i], begin, sample_rate)
                waveforms[i] = waveform[first:last].copy() if len(group) > 1 else waveform
        return waveforms

    def measured_duration(self) -> float:
        """Length in seconds by the last frame that decodes: a header can be absent or absurd, or
        promise more than there is. Decodes the end of the picture; a sound-only file is measured
        when it is opened.

        Raises:
            MediaError: If nothing decodes.
        """
        info = self.info
        if not info.has_video:
            return info.duration
        last = float(self.read([np.array([FAR])]).frame_pts[0][0])
        return info.duration if last < info.duration <= last + 2 / info.fps else last + 1 / info.fps

    @abstractmethod
    def _frames(self, times: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Images, timestamps and ages of the frames on screen at the sorted ``times`` (n,)."""

    @abstractmethod
    def _sound(self, start: float, num_samples: int, sample_rate: int) -> np.ndarray:
        """Mono float32 sound (num_samples,) that begins at ``start`` seconds."""

    @abstractmethod
    def close(self) -> None:
        """Frees the file. A second call does nothing."""


def _length(window: tuple[float, float], begin: float, sample_rate: int) -> tuple[int, int]:
    """First and last sample of a window in a waveform that begins at ``begin`` seconds."""
    first = round((window[0] - begin) * sample_rate)
    return first, first + round((window[1] - window[0]) * sample_rate)


def _merge(windows: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Groups the indices of windows that overlap or nearly touch."""
    groups: list[list[int]] = []
    group_end = 0.0
    for i in sorted(range(len(windows)), key=lambda i: windows[i][0]):
        start, end = windows[i]
        if not start <= end:
            raise ValueError(f'a sound window must have start <= end, but got {windows[i]}')
        if groups and start - group_end < MERGE_GAP:
            groups[-1].append(i)
            group_end = max(group_end, end)
        else:
            groups.append([i])
            group_end = end
    return groups
