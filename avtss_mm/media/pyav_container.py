"""Helpers around PyAV: opening with clear errors, choosing streams, reading ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from math import inf

import av
import numpy as np
from av.stream import Disposition

from ..errors import MediaError
from ..workers.memory import check_memory
from .views import Source

REORDER = 24
"""Number of packets to read ahead: no codec stores a frame more than 16 packets out of order."""

FEW = 8
"""Number of packets to read ahead at least, so that wrong decoding times are noticed."""

BLIND_SEEK = 2.0
"""Gap (seconds) above which to seek in a file without an index of key frames."""

MIN_BYTE_RATE = 200
"""Bytes per second below which no real video or audio lies: fewer mean that the header gives an
absurd duration. Reading through a file that is small for its length costs little."""

VOP = b'\0\0\1\xb6'
"""Start code of a frame in MPEG-4 Part 2; the two bits behind it are the type of the frame."""

B_VOP = 2
"""Type of a frame that refers to the frames shown before and after it, and that none refers to."""

ODD_DATA = (av.FFmpegError, ValueError, ArithmeticError, MemoryError)
"""Errors of FFmpeg, PyAV and the resampler for data that they cannot handle."""

AFTER_KEY = 0.3
"""Seconds after a key frame to test: such a frame is cheap, but needs more than the key frame."""

CHUNK_HEADER = 8
"""Bytes between the position of an avi chunk in the index and its packet."""


def open_container(source: Source) -> av.container.InputContainer:
    """Opens a file for reading, or says in one line why this is impossible.

    Args:
        source: Source of the file, see :func:`.source_of`.

    Returns:
        av.container.InputContainer: Open file.

    Raises:
        MediaError: If it is missing, a directory, empty, or not a media file.
    """
    with source.reported():
        opened = source.open()
        try:
            return open_input(opened)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise MediaError(source.name, getattr(error, 'strerror', None) or error) from error


@contextmanager
def refusing(path: str, what: str) -> Iterator[None]:
    """Turns errors of FFmpeg and PyAV about odd data into a :class:`MediaError`."""
    try:
        yield
    except ODD_DATA as error:
        reason = getattr(error, 'strerror', None) or error
        raise MediaError(path, f'{what}: {reason}') from error


def open_input(source) -> av.container.InputContainer:
    """Calls ``av.open`` on a path or a file object, even if its metadata are not UTF-8."""
    try:
        return av.open(source, metadata_errors='ignore')
    except TypeError:  # PyAV 19 has no such option and handles such metadata itself
        return av.open(source)


def best_stream(container, kind: str):
    """Main decodable stream of a kind ('video' or 'audio'); cover art does not count."""
    best = container.streams.best(kind)
    for stream in [best, *getattr(container.streams, kind)] if best is not None else []:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def header_duration(container, stream) -> float:
    """Length in seconds by the header of the stream or else the file; 0 if unknown or absurd."""
    duration = (container.duration or 0) / av.time_base
    if stream.duration is not None:
        duration = float(stream.duration * stream.time_base)
    # the container's size, as the path may be gone
    return duration if 0 < duration < container.size / MIN_BYTE_RATE else 0.0


def packets(container, stream) -> Iterator[av.Packet]:
    """Yields the packets of a stream, and finally the empty one that flushes its decoder.

    A file with a damaged end stops there; everything before is kept.
    """
    try:
        yield from container.demux(stream)
    except (av.FFmpegError, ValueError) as error:
        check_memory(error)
        yield end_of(stream)


def without_orphans(source: Iterator[av.Packet], stream) -> Iterator[av.Packet]:
    """Leaves out B-frames of MPEG-4 Part 2 that lack a frame they refer to, as after a seek.

    They do not decode, and after one of an interlaced video FFmpeg drops all further B-frames.
    """
    num_references = 0 if stream.codec_context.name == 'mpeg4' else 2
    for packet in source if num_references < 2 else ():
        _, _, frame = bytes(packet).partition(VOP)
        if frame and frame[0] >> 6 == B_VOP:
            continue
        num_references += bool(frame)
        yield packet
        if num_references == 2:
            break
    yield from source


def end_of(stream) -> av.Packet:
    """Makes the packet that flushes the decoder of a stream."""
    packet = av.Packet()
    packet.stream, packet.time_base = stream, stream.time_base
    return packet


def with_following(container, stream) -> Iterator[tuple[av.Packet, int | None, bool]]:
    """Yields packets, each with the timestamp of the frame displayed after its own (None if
    unknown), and whether no later packet has a frame that is displayed earlier.

    No frame is displayed before it is decoded. Where a file stores the decoding times, as mp4 does,
    reading ahead ends with a packet that is decoded no earlier than the following frame is shown.
    """
    source = without_orphans(packets(container, stream), stream)
    exact = container.format.name.startswith('mov')
    ahead, behind = deque(), deque(maxlen=REORDER)
    while (packet := ahead.popleft() if ahead else next(source, None)) is not None:
        pts, following = packet.pts, inf
        is_known = pts is not None and all(other.pts is not None for other in ahead)
        if is_known:
            stamps = (*[other.pts for other in ahead], *behind)
            following = min((stamp for stamp in stamps if stamp > pts), default=inf)
        while is_known and len(ahead) < REORDER:
            if exact and len(ahead) >= FEW and ahead[-1].dts >= following:
                break
            ahead.extend(islice(source, 1))
            stamp, dts = (ahead[-1].pts, ahead[-1].dts) if ahead else (None, None)
            is_known = stamp is not None
            if is_known:
                exact = exact and dts is not None and dts <= stamp
                following = stamp if pts < stamp < following else following
        if is_known:
            leads = all(pts < other.pts for other in ahead)
            yield packet, None if following == inf else following, leads
            behind.append(pts)
        else:
            yield packet, None, False


def after_keys(stream, number: int) -> np.ndarray:
    """Times (n,) in seconds of the stream, each after a key frame, spread over the stream.

    There are at most ``number``, and none if the file has no index of key frames.
    """
    entries = getattr(stream, 'index_entries', ())
    keys = [entry.timestamp for entry in entries if entry.is_keyframe]
    spread = np.linspace(0, len(keys) - 1, min(number, len(keys))).astype(int)
    return np.array(keys, dtype=float)[spread] * float(stream.time_base) + AFTER_KEY


def key_between(stream, shown: float, time: float, frame_time: float) -> bool:
    """Whether a key frame lies between the frame on screen at ``shown`` and ``time``."""
    entries, tick = getattr(stream, 'index_entries', ()), float(stream.time_base)
    if not len(entries) or entries[-1].timestamp * tick < time - BLIND_SEEK:
        return time - shown > BLIND_SEEK
    # the index holds decoding times, which are earlier than presentation times by the reordering
    delay = getattr(stream.codec_context, 'reorder_depth', 0) * frame_time
    key = entries.search_timestamp(int((time - delay) / tick), backward=True)
    return key >= 0 and entries[key].timestamp * tick > shown


def avi_shift(packet: av.Packet) -> int:
    """Ticks by which the timestamp of an avi packet is late: seeks miscount empty frames."""
    entries = getattr(packet.stream, 'index_entries', ())
    if packet.dts is None or packet.pos is None or not len(entries):
        return 0
    at = entries.search_timestamp(packet.dts, backward=True)
    while at >= 0 and entries[at].pos + CHUNK_HEADER > packet.pos:
        at -= 1
    found = at >= 0 and entries[at].pos + CHUNK_HEADER == packet.pos
    return packet.dts - entries[at].timestamp if found else 0
