"""Decodes a stretch of sound with PyAV, resampled to mono and placed by its timestamps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import av
import numpy as np
import soxr

from .pyav_container import packets

PRE_ROLL = 0.2
"""Seconds decoded before a window, so that codec and resampler have settled at its start."""

MAX_DRIFT = 0.02
"""Seconds that a timestamp may differ from the count of samples before it is believed."""

PLAIN = (('fltp', 'mono'), ('fltp', 'stereo'))
"""Format and layout of what AAC, MP3, Opus and Vorbis give: of these, frames are taken as they are;
to mix one in FFmpeg costs half as much as to decode it."""

STEREO_GAIN = np.float32(0.5**0.5)
"""Of each channel in the mix, as FFmpeg has it."""

STEP_BACK = (0.0, 1.0, 10.0)
"""Seconds before the wanted time that a seek aims at, in turn, until it lands early enough."""


def read_sound(container, stream, start, num_samples, sample_rate, seek=True) -> np.ndarray:
    """Mono sound of a stretch of a file.

    Args:
        container: Open PyAV container.
        stream: Its audio stream.
        start: Time of the first sample in seconds, as the stream counts.
        num_samples: Number of samples at ``sample_rate``.
        sample_rate: Hz to resample to.
        seek: Whether to jump to the stretch; otherwise it is read for from where the file stands.

    Returns:
        np.ndarray: float32 (num_samples,), zero where the stream has no sound.

    Raises:
        av.FFmpegError: If the file cannot seek.
    """
    waveform = np.zeros(num_samples, np.float32)
    tick = float(stream.time_base)
    goal, end = start - PRE_ROLL, start + num_samples / sample_rate
    source = _seek(container, stream, goal) if seek else packets(container, stream)
    frames = _decode(source, int(goal / tick), int((end + PRE_ROLL) / tick))
    for time, samples in _resample(frames, sample_rate):
        first = round((time - start) * sample_rate)
        a, b = max(first, 0), min(first + len(samples), num_samples)
        if a < b:
            waveform[a:b] = samples[a - first : b - first]
    return waveform


def _seek(container, stream, time: float) -> Iterator[av.Packet]:
    """Packets from one at or before ``time`` on, as far as the track goes back."""
    track_start = stream.start_time or 0
    for back in STEP_BACK:
        goal = int((time - back) / stream.time_base)
        try:  # also to before the start: the packets that prime an mp4 track lie there
            container.seek(goal, stream=stream)
        except av.FFmpegError:  # avi, mp3 and aac have nothing there, and refuse
            # an mp3 file's track starts behind the packets that prime it, which are at 0
            container.seek(min(track_start, 0), stream=stream)
        source = packets(container, stream)
        first = next(source, None)
        if first is not None and first.pts is not None and first.pts * stream.time_base <= time:
            break
        if goal <= track_start:
            break
    return chain([first] if first is not None else [], source)


def _decode(source, start: int, end: int) -> Iterator[av.AudioFrame]:
    """Frames between two times in ticks; a packet that does not decode is passed over."""
    for packet in source:
        if packet.pts is not None:
            if packet.pts + (packet.duration or 0) < start:
                continue
            if packet.pts > end:
                return
        try:
            yield from packet.decode()
        except (av.FFmpegError, ValueError):
            continue


def _resample(frames, sample_rate: int) -> Iterator[tuple[float, np.ndarray]]:
    """Joins frames that follow one another into stretches ``(time, mono samples)``."""
    stretch = None
    for frame in frames:
        if stretch is None or not stretch.goes_on_with(frame):
            if stretch is not None:
                yield stretch.finish(sample_rate)
            stretch = _Stretch(frame)
        stretch.add(frame)
    if stretch is not None:
        yield stretch.finish(sample_rate)


class _Stretch:
    """Frames that follow one another, resampled in one go."""

    def __init__(self, frame: av.AudioFrame) -> None:
        self.kind = _kind(frame)
        self.rate = frame.sample_rate
        self.mixer = None if self.kind[:2] in PLAIN else av.AudioResampler('flt', 'mono')
        self.tick = float(frame.time_base)
        self.length = 0.0  # seconds so far, by the count of samples
        self.begins: list[float] = []  # when it began, by the timestamp of each frame
        self.chunks: list[list[np.ndarray]] = []  # of each channel (samples,)

    def goes_on_with(self, frame: av.AudioFrame) -> bool:
        if frame.pts is None or not self.begins:
            return _kind(frame) == self.kind
        late = frame.pts * self.tick - self.length - self.begins[0]
        return abs(late) <= MAX_DRIFT and _kind(frame) == self.kind

    def add(self, frame: av.AudioFrame) -> None:
        if frame.pts is not None:
            self.begins.append(frame.pts * self.tick - self.length)
        self.length += frame.samples / self.rate
        frame.pts = None  # the mixer counts samples: rounded timestamps would disturb it
        parts = [frame] if self.mixer is None else self.mixer.resample(frame)
        self.chunks += [_channels(part) for part in parts]

    def finish(self, sample_rate: int) -> tuple[float, np.ndarray]:
        if self.mixer is not None:
            self.chunks += [_channels(part) for part in self.mixer.resample(None)]
        # the mean: mkv and webm round timestamps to milliseconds
        begin = float(np.mean(self.begins or [0.0]))
        if not self.chunks:
            return begin, np.empty(0, np.float32)
        left, *right = (np.concatenate(parts) for parts in zip(*self.chunks))
        mono = (left + right[0]) * STEREO_GAIN if right else left
        return begin, soxr.resample(mono, self.rate, sample_rate)


def _channels(frame: av.AudioFrame) -> list[np.ndarray]:
    """Views of the samples (``to_ndarray`` copies them, in three times the time)."""
    return [np.frombuffer(plane, np.float32, frame.samples) for plane in frame.planes]


def _kind(frame: av.AudioFrame) -> tuple:
    return frame.format.name, frame.layout.name, frame.sample_rate
