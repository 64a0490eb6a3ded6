"""Positions on the match page: moments on axes, and two files over a common time axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import MediaError
from ..clock import clock
from ..time_map import TimeMap
from .media import PageMedia

STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400)
MAX_TICKS = 10
STRIP_WIDTH, MIN_FRAMES, MAX_FRAMES = 21.0, 6, 36  # width in heights of a frame
MARGIN, MIN_MARGIN = 0.15, 1.0  # shown before and after a segment: share of it, minimum seconds


@dataclass(frozen=True)
class Axis:
    """A time interval (seconds) drawn from left to right."""

    start: float
    end: float

    def percent(self, time: float) -> float:
        """Position of a moment: 0 at the start, 100 at the end."""
        return round(100 * (time - self.start) / (self.end - self.start), 4)

    def span(self, start: float, end: float) -> dict:
        """Visible part of an interval: ``left`` and ``width`` in percent."""
        left, right = (float(np.clip(self.percent(t), 0, 100)) for t in (start, end))
        return dict(left=left, width=round(right - left, 4))

    def ticks(self, end: float = np.inf) -> list[dict]:
        """Ticks at round times from 0 to ``end`` seconds: ``place`` in percent, ``label``."""
        length = self.end - self.start
        step = next((step for step in STEPS if length / step <= MAX_TICKS), length / MAX_TICKS)
        first = np.ceil(max(self.start, 0) / step - 1e-6)
        last = np.floor(min(self.end, end) / step + 1e-6)
        times = np.arange(first, last + 1) * step
        return [dict(place=self.percent(t), label=clock(t).replace('.00', '')) for t in times]


def axis_around(match, duration: float) -> Axis:
    """Axis of a match with a margin, within the query."""
    length = match.query_end - match.query_start
    margin = max(MARGIN * length, MIN_MARGIN)
    start, end = max(match.query_start - margin, 0), min(match.query_end + margin, duration)
    return Axis(start, max(end, start + MIN_MARGIN))


def lanes(axis: Axis, query: PageMedia, video: PageMedia | None, line: TimeMap) -> list[dict]:
    """Arranges film strips and spectrograms one above the other, with matching times aligned.

    Args:
        axis: Visible interval in seconds of the query.
        query: Upper file of each pair.
        video: Lower file; None for the query alone.
        line: Line that aligns the video with the axis.

    Returns:
        list[dict]: From the top: ``who`` ('query' or 'video'), ``kind`` ('frames' or 'sound'),
        ``items`` with ``src``, ``left`` and ``width`` (percent), ``time`` (seconds of the query)
        and ``own`` (seconds of the file), and ``note``: why there is nothing to show.
    """
    sides = [_Side('query', query, TimeMap())]
    if video is not None:
        sides.append(_Side('video', video, line))
    found = []
    if any(side.file.has_video for side in sides):
        widest = max(side.file.aspect for side in sides if side.file.has_video)
        count = int(np.clip(round(STRIP_WIDTH / widest), MIN_FRAMES, MAX_FRAMES))
        found += [_lane(side, 'frames', side.file.has_video, axis, count) for side in sides]
    if any(side.file.has_audio for side in sides):
        found += [_lane(side, 'sound', side.file.has_audio, axis, 1) for side in sides]
    return found


@dataclass(frozen=True)
class _Side:
    """A file and its position over the axis."""

    who: str
    file: PageMedia
    line: TimeMap


def _lane(side: _Side, kind: str, present: bool, axis: Axis, count: int) -> dict:
    items, note = [], side.file.error
    if present:
        try:
            items = (_frames if kind == 'frames' else _sound)(side, axis, count)
            note = '' if items else 'beyond the end of the file'
        except MediaError as error:
            note = error.reason
    elif not note:
        note = 'no picture' if kind == 'frames' else 'no sound'
    return dict(who=side.who, kind=kind, items=items, note=note)


def _frames(side: _Side, axis: Axis, count: int) -> list[dict]:
    """Frames at the middle of each of ``count`` cells, where the file has one."""
    width = (axis.end - axis.start) / count
    times = axis.start + width * (np.arange(count) + 0.5)
    times = [float(t) for t in times if 0 <= side.line.reference(t) < side.file.duration]
    own = [side.line.reference(t) for t in times]
    return [
        dict(axis.span(t - width / 2, t + width / 2), src=src, time=round(t, 3), own=round(o, 3))
        for t, o, src in zip(times, own, side.file.thumbnails(own))
    ]


def _sound(side: _Side, axis: Axis, _: int) -> list[dict]:
    """One spectrogram of the visible sound."""
    start = max(side.line.reference(axis.start), 0.0)
    end = min(side.line.reference(axis.end), side.file.duration)
    if end <= start:
        return []
    place = axis.span(side.line.query(start), side.line.query(end))
    src = side.file.spectrogram(start, end)
    return [dict(place, src=src, time=round(side.line.query(start), 3), own=round(start, 3))]
