"""Reads a file with PyAV: seeks to the preceding key frame and decodes forwards from there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from contextlib import suppress

import av
import numpy as np
from av.format import Flags

from ..errors import MediaError
from ..workers.memory import check_memory
from .base import TOLERANCE, MediaInfo, Reader
from .pyav_container import (
    ODD_DATA,
    after_keys,
    avi_shift,
    best_stream,
    end_of,
    header_duration,
    key_between,
    open_container,
    refusing,
    with_following,
)
from .pyav_facts import describe, frame_rate, last_end
from .pyav_rgb import RGBConverter
from .pyav_sound import read_sound, sound_extent
from .sources import source_of

STEP_BACK = (0.0, 1.0, 4.0, 16.0)
"""Seconds before the wanted time at which a seek aims, in turn, until it lands early enough."""

RUN_UP = 30.0
"""Further seconds in a damaged file: what a decoder shows there depends on what came before."""

STRICT = {'err_detect': 'explode'}
"""Option by which a decoder reports every error, instead of concealing some."""


class PyAVReader(Reader):
    """The back-end that is always available; see :class:`Reader` for the interface.

    Args:
        path: Path of the file to read.

    Raises:
        MediaError: If the file cannot be opened, or its video does not decode at all.
    """

    def __init__(self, path) -> None:
        self._source, self.path = source_of(path), str(path)
        self._wanted = None  # sorted ticks of the frames to decode, None: only the first frame
        self._damaged = False  # whether a decoder reported an error or a frame was missing
        self._num_decoded = 0  # frames decoded so far, for the tests
        self._container = None
        self._open()
        try:
            with self._source.reported(), refusing(self.path, 'it does not decode'):
                self._frame_time = 1 / frame_rate(self._source, self._video) if self._video else 0.0
                self._start_decoding()
                if self._damaged:
                    self._open()
                    self._start_decoding()
                self._zero, self.info = self._examine()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._container is not None:
            self._decoded, self._current, self._next = iter(()), None, None
            self._container.close()
            self._container = None
            self._source.close()

    def _open(self) -> None:
        """Opens or reopens the file at its beginning."""
        PyAVReader.close(self)  # a foreign decoder stays open
        self._container = open_container(self._source)
        self._is_avi = self._container.format.name == 'avi'
        # a raw stream has no timestamps: they are only right when counted from its beginning
        self._can_seek = not self._container.format.flags & Flags.no_timestamps.value
        self._video = best_stream(self._container, 'video')
        self._audio = best_stream(self._container, 'audio')
        self._tick = float(self._video.time_base) if self._video else 0.0
        for stream in filter(None, (self._video, self._audio)):
            stream.codec_context.thread_count = 1
        if self._video is not None and not self._damaged:
            self._video.codec_context.options = STRICT

    def _examine(self) -> tuple[float, MediaInfo]:
        """Reads time zero in the streams' time, and the metadata."""
        first, main = self._next, self._video or self._audio
        if main is None:
            raise MediaError(self.path, 'neither a video nor an audio stream that can be decoded')
        duration = header_duration(self._container, main)
        zero = first.time if first else None
        if self._video is None:
            zero, duration = sound_extent(self._container, self._audio, duration)
        if zero is None:
            raise MediaError(self.path, f'no {main.type} frame with a timestamp decodes')
        if not duration > 0:
            self._open()
            duration = max(last_end(self._container, self._video or self._audio) - zero, 0.0)
            self._open()
            self._start_decoding()
        info = describe(first, self._video, self._audio, duration, self._frame_time)
        if first:
            self._to_rgb = RGBConverter(self.path, first, info.rotation // 90)
        return zero, info

    def _start_decoding(self, sought: bool = False) -> None:
        """Puts the first frame that decodes from the current position into ``_next``."""
        self._decoded = self._decode(sought) if self._video is not None else iter(())
        self._stamps = []  # sorted ticks of the frames available for decoding
        self._current, self._next = None, next(self._decoded, None)

    def _decode(self, sought: bool) -> Iterator[av.VideoFrame]:
        """Yields frames in order of time; skips packets that do not decode.

        If packets carry the times of their frames, frames that are neither wanted nor referred to
        by others (about half of a typical file) are not decoded, nor is anything after the last
        wanted frame.
        """
        context, step = self._video.codec_context, round(self._frame_time / self._tick)
        last = shift = first = None
        num_missing = len(self._wanted or [None])
        for packet, following, leads in with_following(self._container, self._video):
            if self._is_avi:
                following, shift = None, avi_shift(packet) if shift is None else shift
            stamp = packet.dts if self._is_avi else packet.pts
            if stamp is not None and packet.size and not packet.is_discard:
                insort(self._stamps, stamp - (shift or 0))
            num_shown = self._num_wanted(packet, following, leads)
            context.skip_frame = 'DEFAULT' if num_shown is None or num_shown else 'NONREF'
            num_missing -= num_shown or 0
            first = stamp if first is None and packet.is_keyframe else first
            early = first is None or stamp is not None and stamp < first
            for frame in self._frames_of(packet, not num_missing, sought and early):
                self._num_decoded += 1
                if self._is_avi and frame.dts is not None:
                    # avi stores no presentation times, and those guessed for B-frames are wrong;
                    # but frames come out in order, so the times of the packets can be used
                    frame.pts = frame.dts - shift
                elif self._is_avi and (sought or last is not None):
                    frame.pts = None if last is None else last + step
                if frame.pts is not None and (last is None or frame.pts > last):
                    last = frame.pts
                    yield frame
            if not num_missing and last is not None:
                return
            if not num_missing:  # damaged: continues to the next frame that decodes
                context.flush_buffers()
                num_missing = -1

    def _num_wanted(self, packet: av.Packet, following: int | None, leads: bool) -> int | None:
        """Number of wanted times at which the packet's frame is on screen; None if unknown."""
        if following is None or self._damaged:
            return None
        if self._wanted is None:
            return 1 if leads and not packet.is_discard else None
        return bisect_left(self._wanted, following) - bisect_left(self._wanted, packet.pts)

    def _frames_of(self, packet, last_one: bool, orphan: bool) -> Iterator[av.VideoFrame]:
        """Decodes a packet; flushes the decoder after the last one. Errors are damage, unless the
        frame is an orphan: shown before the first key frame after a seek, it refers to others."""
        for part in [packet, end_of(self._video)] if last_one else [packet]:
            try:
                yield from part.decode()
            except (av.FFmpegError, ValueError) as error:
                check_memory(error)
                self._damaged |= not (orphan or isinstance(error, av.EOFError))

    def moments(self, number, end):
        times = np.clip(after_keys(self._video, number) - self._zero, 0, end)
        return times if times.size else super().moments(number, end)

    def _frames(self, times):
        with self._source.reported(), refusing(self.path, 'its picture cannot be read'):
            if not self._damaged:
                with suppress(MediaError):
                    images, pts, ages = self._pass(times)
                    if not (self._damaged or ages.any()):
                        return images, pts, ages
                self._damaged = True
                self._open()
            return self._pass(times)

    def _pass(self, times):
        images, pts, ages, shown = [], np.empty(len(times)), np.empty(len(times)), None
        wanted = np.maximum(times, 0) + self._zero + TOLERANCE
        goals = wanted[1:] - RUN_UP * self._damaged
        pairs = enumerate(zip(wanted, goals), 1) if self._can_seek else ()
        breaks = [i for i, pair in pairs if key_between(self._video, *pair, self._frame_time)]
        ends = dict(zip([0, *breaks], [*breaks, len(wanted)]))  # end of each part, by its start
        for i, time in enumerate(wanted):
            if i in ends:
                self._wanted = (wanted[i : ends[i]] / self._tick).tolist()
                self._seek(time)
            while self._next is not None and (self._current is None or self._next.time <= time):
                self._current, self._next = self._next, next(self._decoded, None)
            if self._current is None:
                raise MediaError(self.path, f'no frame decodes at {time - self._zero:.3f} s')
            if self._current is not shown:
                shown = self._current
                image = self._to_rgb(shown)
            images.append(image)
            pts[i] = shown.time - self._zero
            due = bisect_right(self._stamps, time / self._tick)
            ages[i] = max(self._stamps[due - 1] - shown.pts, 0) * self._tick if due else 0
        return images, pts, ages

    def _seek(self, time: float) -> None:
        """Puts ``_next`` on a frame at or before ``time``, or on the first frame of the file."""
        context = self._video.codec_context
        depth = getattr(context, 'reorder_depth', None)
        for back in STEP_BACK if self._can_seek else ():
            goal = max(time - back - RUN_UP * self._damaged, self._zero)
            if self._damaged and goal == self._zero:
                break  # from the beginning as it is, without what a seek leaves behind
            try:
                self._container.seek(int(goal / self._tick), stream=self._video)
            except av.FFmpegError:
                break
            if depth is not None:  # a seek makes FFmpeg forget it, and frames would be lost
                context.reorder_depth = depth
            self._start_decoding(sought=True)
            if self._next is not None and self._next.time <= time:
                return
            if goal == self._zero:
                break
        self._open()  # where seeking does not work, decode from the beginning
        self._start_decoding()

    def _sound(self, start, num_samples, sample_rate):
        stretch = (self._zero + start, num_samples, sample_rate)
        with self._source.reported():
            try:
                waveform, antiphase = read_sound(self._container, self._audio, *stretch)
            except ODD_DATA:
                self._open()
                with refusing(self.path, 'its sound cannot be mixed or resampled'):
                    stretch = (*stretch, False)  # without a seek
                    waveform, antiphase = read_sound(self._container, self._audio, *stretch)
        self.antiphase |= antiphase
        return waveform
