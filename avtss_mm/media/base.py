"""The interface of all back-ends: metadata, clips, and the bookkeeping of a read."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import MediaError

TOLERANCE = 1e-3
"""Seconds by which a frame may start after the requested time and still count as on screen: ``n /
fps`` and the timestamp of frame n differ by rounding."""

FAR = 1e7
"""A time (seconds) after the end of any file, to request its last frame."""

MERGE_GAP = 0.5
"""Gap (seconds) below which two sound windows are decoded as one, which is cheaper than a seek."""


def local_name(path) -> str:
    """Path in a form that FFmpeg takes for a file: ``12:30.mp4`` would be a protocol."""
    return os.path.join(os.curdir, os.fspath(path))


@dataclass(frozen=True)
class MediaInfo:
    """Metadata of a file, according to its headers.

    Attributes:
        duration: Length of the video in seconds; of the audio in an audio-only file.
        fps: Average frames per second (25 if the header does not say), 0 without video.
        num_frames: Number of frames, 0 if the header does not say.
        width: Width in pixels as displayed, that is after rotation.
        height: Height in pixels as displayed, that is after rotation.
        rotation: Counter-clockwise rotation of the frames for display, in degrees.
        has_video: Whether there is video (cover art does not count).
        has_audio: Whether there is an audio track.
        sample_rate: Sample rate of the audio track in Hz, 0 without one.
        channels: Number of channels of the audio track, 0 without one.
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

    def duration_to(self, last: float) -> float:
        """Length of the video in seconds if its last frame is shown at ``last``."""
        is_right = last < self.duration <= last + 2 / self.fps
        return self.duration if is_right else last + 1 / self.fps


@dataclass(frozen=True)
class MediaClips:
    """Result of :meth:`Reader.read`.

    Attributes:
        frames: T uint8 RGB arrays (H, W, 3) per clip. A source frame that was requested several
            times is the same array: copy it before writing into it.
        frame_pts: Times (T,) of the returned frames in seconds, per clip.
        audio: Float32 mono array (round((end - start) * sample_rate),) per window, zero where the
            track has no sound; ``None`` if the file has no audio track.
        frame_ages: Seconds (T,) by which a frame is older than the one that should be on screen but
            does not decode, per clip; 0 where nothing is damaged.
    """

    frames: list[list[np.ndarray]]
    frame_pts: list[np.ndarray]
    audio: list[np.ndarray | None]
    frame_ages: list[np.ndarray] = field(default_factory=list)


class Reader(ABC):
    """An open file. Use it as a context manager and in one thread.

    Times are in seconds. Zero is the presentation time of the first video frame (of the first
    sample in an audio-only file); the sound is placed by its own timestamps.
    """

    path: str
    info: MediaInfo
    max_age: float | None = None
    antiphase = False
    """Whether channels of the sound read so far would cancel each other in a plain mix."""

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
        """Decodes everything that the clips and windows of a sample need in one pass per stream.

        The frame at time t is the one on screen at t: the last one with a timestamp <= t; before
        the start of the file its first frame, after its end the last.

        Args:
            frame_times: Times (T,) of the frames in seconds, per clip, in any order (descending in
                a backward clip); repeats are allowed.
            audio_windows: Windows ``(start, end)`` in seconds; they may overlap or exceed the
                sound.
            sample_rate: Sample rate in Hz to which the sound is resampled.

        Returns:
            MediaClips: Frames, their timestamps and the sound.

        Raises:
            MediaError: If frames of a file without video are requested, or nothing decodes.
        """
        clips = [np.asarray(times, dtype=np.float64).ravel() for times in frame_times]
        times = np.unique(np.concatenate(clips)) if clips else np.empty(0)
        if times.size and not self.info.has_video:
            raise MediaError(self.path, 'no video stream')
        if not np.isfinite(times).all():
            raise ValueError('frame_times must be finite numbers of seconds')
        images, pts, ages = self._frames(times) if times.size else ([], np.empty(0), np.empty(0))
        if self.max_age is not None and ages.max(initial=0) > self.max_age:
            reason = f'a frame that is {ages.max():.2f} s older replaces a damaged one'
            raise MediaError(self.path, f'{reason}, more than max_age={self.max_age:g} allows')
        rows = [np.searchsorted(times, clip) for clip in clips]
        return MediaClips(
            frames=[[images[i] for i in row] for row in rows],
            frame_pts=[pts[row] for row in rows],
            frame_ages=[ages[row] for row in rows],
            audio=self._windows(audio_windows, sample_rate),
        )

    def _windows(self, windows, sample_rate: int) -> list[np.ndarray | None]:
        """Decodes overlapping windows together and cuts each one out of its group."""
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
        """Length in seconds according to the last frame that decodes.

        Headers can be missing or absurd, or promise more than there is. Decodes the end of the
        video; an audio-only file is measured when it is opened.

        Raises:
            MediaError: If nothing decodes.
        """
        if not self.info.has_video:
            return self.info.duration
        return self.info.duration_to(float(self.read([[FAR]]).frame_pts[0][0]))

    def moments(self, number: int, end: float) -> np.ndarray:
        """Times up to ``end`` seconds, spread over the video, at which decoding is cheap."""
        return np.linspace(0, end, number)

    @abstractmethod
    def _frames(self, times: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        """Reads images, timestamps and ages of the frames on screen at the sorted times (n,)."""

    @abstractmethod
    def _sound(self, start: float, num_samples: int, sample_rate: int) -> np.ndarray:
        """Reads mono float32 sound (num_samples,) from ``start`` seconds on."""

    @abstractmethod
    def close(self) -> None:
        """Closes the file. A second call does nothing."""


def _length(window: tuple[float, float], begin: float, sample_rate: int) -> tuple[int, int]:
    """First and last sample of a window in a waveform that starts at ``begin`` seconds."""
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
