"""Facts of a file that its header gets wrong, from its packets and frames."""

from __future__ import annotations

from itertools import islice

from .base import MediaInfo
from .pyav_container import best_stream, open_container, packets

MAX_RATE = 100
"""Frames a second above which a header is not believed: some give the ticks of their clock."""

NUM_COUNTED = 300
"""Packets by which frames are counted where the header is not believed."""

ODD_ANGLE = 2
"""Degrees by which a display matrix may miss a quarter turn; beyond, it is damaged, and ignored."""


def quarter_turns(frame) -> int:
    """By how many a frame is turned counter-clockwise for display, 0 to 3."""
    angle = getattr(frame, 'rotation', 0)
    turns = round(angle / 90)
    return turns % 4 if abs(angle) <= 360 and abs(angle - 90 * turns) <= ODD_ANGLE else 0


def last_end(container, stream) -> float:
    """Second, as the stream counts, at which its last packet ends."""
    ends = [p.pts + (p.duration or 0) for p in packets(container, stream) if p.pts]
    return float(max(ends, default=0) * stream.time_base)


def frame_rate(path: str, stream) -> float:
    """Frames a second of a video stream; 25 when nothing says."""
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    if rate <= MAX_RATE:
        return rate
    with open_container(path) as container:
        stream = best_stream(container, 'video')
        some = islice(packets(container, stream), NUM_COUNTED)
        times = sorted({packet.pts for packet in some if packet.size and packet.pts is not None})
        if len(times) < 2:
            return rate
        return (len(times) - 1) / float((times[-1] - times[0]) * stream.time_base)


def describe(first, video, audio, duration: float, frame_time: float) -> MediaInfo:
    """The facts of a file by its first frame and its streams, each None where there is none."""
    turns = quarter_turns(first)
    size = (first.width, first.height) if video else (0, 0)
    return MediaInfo(
        duration=duration,
        fps=1 / frame_time if video else 0.0,
        num_frames=video.frames if video else 0,
        width=size[turns % 2],
        height=size[1 - turns % 2],
        rotation=turns * 90,
        has_video=video is not None,
        has_audio=audio is not None,
        sample_rate=audio.codec_context.sample_rate if audio else 0,
        channels=audio.codec_context.channels if audio else 0,
    )
