"""Decodes a window of sound with PyAV, resampled to mono and placed by its timestamps."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import av
import numpy as np
import soxr

from ..workers.memory import check_memory
from .mixing import mixed
from .pyav_container import packets

PRE_ROLL = 0.2
"""Seconds to decode before a window, so that codec and resampler have settled at its start."""

MAX_STEP = 0.015
"""Seconds by which timestamps must permanently leave the sample count to mean missing sound. The
timestamps of web clips jitter by up to 21 ms around a steady clock, but return to it."""

AROUND = 16
"""Number of frames before and after a step of the timestamps that decide if it is permanent."""

PLAIN = (('fltp', 'mono'), ('fltp', 'stereo'))
"""Formats and layouts that AAC, MP3, Opus and Vorbis give: such frames are used as they are, since
converting one in FFmpeg costs half as much as decoding it."""

TAIL = 1.0
"""Seconds before the promised end of a track from which decoding starts, to find the real end."""

STEP_BACK = (0.0, 1.0, 10.0)
"""Seconds before the wanted time at which a seek aims, in turn, until it lands early enough."""


def read_sound(container, stream, start, num_samples, sample_rate, seek=True) -> tuple:
    """Reads a window of sound as mono.

    Args:
        container: Open PyAV container.
        stream: Audio stream of the container.
        start: Time of the first sample in seconds, in the stream's time.
        num_samples: Number of samples at ``sample_rate``.
        sample_rate: Sample rate in Hz to resample to.
        seek: Whether to seek to the window; if not, reading continues from the current position.

    Returns:
        tuple: float32 (num_samples,), zero where the stream has no sound; and whether the channels
        cancel each other anywhere, see :func:`.mixed`.

    Raises:
        av.FFmpegError: If the file cannot seek.
    """
    waveform, antiphase = np.zeros(num_samples, np.float32), False
    tick = float(stream.time_base)
    goal, end = start - PRE_ROLL, start + num_samples / sample_rate
    source = _seek(container, stream, goal) if seek else packets(container, stream)
    frames = _decode(source, int(goal / tick), int((end + PRE_ROLL) / tick))
    for time, samples, cancels in _resample(frames, tick, sample_rate):
        first = round((time - start) * sample_rate)
        a, b = max(first, 0), min(first + len(samples), num_samples)
        if a < b:
            waveform[a:b] = samples[a - first : b - first]
            antiphase |= cancels
    return waveform, antiphase


def sound_extent(container, stream, duration: float) -> tuple[float | None, float]:
    """Start and length of the decodable part of a track in seconds, in the stream's time.

    Args:
        container: Open PyAV container, at its beginning.
        stream: Audio stream of the container.
        duration: Length in seconds according to the header.

    Returns:
        tuple: Start, None if nothing decodes; length, 0 if nothing decodes near the end.
    """
    tick = float(stream.time_base)
    first = next(_decode(packets(container, stream), -math.inf, math.inf), None)
    begin = first and first.time
    if begin is None:
        return None, 0.0
    goal = begin + duration - TAIL
    try:
        source = _seek(container, stream, goal)
    except av.FFmpegError:  # the file cannot seek
        return begin, 0.0
    tail = [f for f in _decode(source, goal / tick, math.inf) if f.time is not None]
    ends = [frame.time + frame.samples / frame.sample_rate for frame in tail]
    return begin, max(ends, default=begin) - begin


def _seek(container, stream, time: float) -> Iterator[av.Packet]:
    """Yields packets from one at or before ``time`` on, as far as the track goes back."""
    track_start = stream.start_time or 0
    for back in STEP_BACK:
        goal = int((time - back) / stream.time_base)
        try:  # also before the start: the priming packets of an mp4 track lie there
            container.seek(goal, stream=stream)
        except av.FFmpegError:  # avi, mp3 and aac have nothing there and refuse
            # the track of an mp3 file starts after its priming packets, which are at 0
            container.seek(min(track_start, 0), stream=stream)
        source = packets(container, stream)
        first = next(source, None)
        if first is not None and first.pts is not None and first.pts * stream.time_base <= time:
            break
        if goal <= track_start:
            break
    return chain([first] if first is not None else [], source)


def _decode(source, start: float, end: float) -> Iterator[av.AudioFrame]:
    """Yields the frames between two times in ticks; skips packets that do not decode."""
    for packet in source:
        if packet.pts is not None:
            if packet.pts + (packet.duration or 0) < start:
                continue
            if packet.pts > end:
                return
        try:
            yield from packet.decode()
        except (av.FFmpegError, ValueError) as error:
            check_memory(error)
            continue


def _resample(frames, tick: float, sample_rate: int) -> Iterator[tuple[float, np.ndarray, bool]]:
    """Joins successive frames: yields time, mono samples and whether the channels cancel."""
    source, stretch = _counted(frames, tick), None
    ahead = deque(islice(source, AROUND))
    while ahead:
        frame, count, late = ahead[0]
        if stretch is None or not stretch.goes_on_with(ahead):
            if stretch is not None:
                yield stretch.finish(sample_rate)
            stretch = _Stretch(frame, count)
        stretch.add(frame, late)
        ahead.popleft()
        ahead.extend(islice(source, 1))
    if stretch is not None:
        yield stretch.finish(sample_rate)


def _counted(frames, tick: float) -> Iterator[tuple[av.AudioFrame, float, float | None]]:
    """Yields frames, the total length of those before, and how much later each timestamp is."""
    count = 0.0
    for frame in frames:
        pts = frame.pts
        yield frame, count, None if pts is None else pts * tick - count
        count += frame.samples / frame.sample_rate


class _Stretch:
    """Successive frames without gaps, to be resampled together."""

    def __init__(self, frame: av.AudioFrame, count: float) -> None:
        self.kind, self.rate = _kind(frame), frame.sample_rate
        self.count = count  # seconds of sound before the stretch
        self.length = 0.0  # its length so far in seconds, by the sample count
        self.lates: list[float] = []  # delays of its frames relative to the sample count
        self.samples = av.AudioFifo()

    def goes_on_with(self, ahead: Sequence[tuple]) -> bool:
        """Whether no sound is missing before the first of the next frames, by their delays."""
        frame, _, late = ahead[0]
        if _kind(frame) != self.kind:
            return False
        if late is None or not self.lates or abs(late - self.lates[-1]) <= MAX_STEP:
            return True
        lates = [late for *_, late in ahead if late is not None]
        limit, before = MAX_STEP, self.lates[-AROUND:]
        if (
            min(len(before), len(lates)) < AROUND // 2
        ):  # too few frames to decide: jitter is shorter than a frame
            limit = max(limit, 1.25 * frame.samples / self.rate)
        clock = np.median(before)
        return min(abs(late - clock), abs(np.median(lates) - clock)) <= limit

    def add(self, frame: av.AudioFrame, late: float | None) -> None:
        if late is not None:
            self.lates.append(late)
        self.length += frame.samples / self.rate
        frame.pts = None  # neither queue nor mixer is to check it
        self.samples.write(frame)

    def finish(self, sample_rate: int) -> tuple[float, np.ndarray, bool]:
        lates = self.lates or [0.0]
        begin, rate = np.median(lates), self.rate
        drift = np.median(lates[-AROUND:]) - np.median(lates[:AROUND])
        if abs(drift) > MAX_STEP:  # the clock of the samples differs from that of the file
            begin = np.median(lates[:AROUND])
            rate *= self.length / (self.length + drift)
        frame = self.samples.read()
        if frame is None:
            return begin + self.count, np.empty(0, np.float32), False
        mono, cancel = mixed(self._channels(frame), self.rate)
        return begin + self.count, soxr.resample(mono, rate, sample_rate), cancel

    def _channels(self, frame: av.AudioFrame) -> list[np.ndarray]:
        """Returns one or two channels as views (``to_ndarray`` copies)."""
        if self.kind[:2] not in PLAIN:
            layout = 'mono' if frame.layout.nb_channels == 1 else 'stereo'
            frame.pts = None
            (frame,) = av.AudioResampler('fltp', layout).resample(frame)
        return [np.frombuffer(plane, np.float32, frame.samples) for plane in frame.planes]


def _kind(frame: av.AudioFrame) -> tuple:
    return frame.format.name, frame.layout.name, frame.sample_rate
