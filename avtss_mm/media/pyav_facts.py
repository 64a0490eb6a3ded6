"""Metadata that headers get wrong, from the packets and frames of a file."""

from __future__ import annotations

from itertools import islice

from .base import MediaInfo
from .pyav_container import best_stream, open_container, packets
from .views import Source

MAX_RATE = 100
"""Frames per second above which a header is not trusted: some give the ticks of their clock."""

NUM_COUNTED = 300
"""Number of packets from which the frame rate is measured if the header is not trusted."""

ODD_ANGLE = 2
"""Degrees by which a display matrix may differ from a quarter turn; others count as damaged."""


def quarter_turns(frame) -> int:
    """Number of counter-clockwise quarter turns of a frame for display, 0 to 3."""
    angle = getattr(frame, 'rotation', 0)
    turns = round(angle / 90)
    return turns % 4 if abs(angle) <= 360 and abs(angle - 90 * turns) <= ODD_ANGLE else 0


def last_end(container, stream) -> float:
    """End of the stream's last packet in seconds, in the stream's time."""
    ends = [p.pts + (p.duration or 0) for p in packets(container, stream) if p.pts]
    return float(max(ends, default=0) * stream.time_base)


def frame_rate(source: Source, stream) -> float:
    """Frames per second of a video stream; 25 if unknown."""
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    if rate <= MAX_RATE:
        return rate
    with open_container(source) as container:
        stream = best_stream(container, 'video')
        some = islice(packets(container, stream), NUM_COUNTED)
        times = sorted({packet.pts for packet in some if packet.size and packet.pts is not None})
        if len(times) < 2:
            return rate
        return (len(times) - 1) / float((times[-1] - times[0]) * stream.time_base)


def describe(first, video, audio, duration: float, frame_time: float) -> MediaInfo:
    """Metadata of a file from its first frame and its streams, each None if there is none."""
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
