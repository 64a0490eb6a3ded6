"""What PyAV leaves to its user: opening with a reason, choosing streams, reading ahead."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import av
from av.stream import Disposition

from ..errors import MediaError
from .base import local_name

REORDER = 24
"""Packets looked at ahead: no codec stores a frame further than 16 from its place in time."""

BLIND_SEEK = 2.0
"""Where the file has no index of key frames: seek over gaps longer than this (seconds)."""

CHUNK_HEADER = 8
"""Bytes between the position of an avi chunk in the index and that of its packet."""


def open_container(path: str) -> av.container.InputContainer:
    """Opens a file for reading, or says in one line why it cannot be.

    Args:
        path: File to open.

    Returns:
        av.container.InputContainer: The open file.

    Raises:
        MediaError: If it is absent, a directory, empty, or not a media file.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        absent = isinstance(error, FileNotFoundError)
        reason = 'no such file' if absent else getattr(error, 'strerror', None) or error
        raise MediaError(path, reason) from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(path, 'not a regular file')
    if status.st_size == 0:
        raise MediaError(path, 'empty file')
    try:
        return open_input(local_name(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, getattr(error, 'strerror', None) or error) from error


@contextmanager
def refusing(path: str, what: str) -> Iterator[None]:
    """Turns what FFmpeg and PyAV raise on odd data into a :class:`MediaError`."""
    try:
        yield
    except (av.FFmpegError, ValueError, ArithmeticError, MemoryError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise MediaError(path, f'{what}: {reason}') from error


def open_input(source) -> av.container.InputContainer:
    """``av.open`` of a path or a file object, also where its titles are no UTF-8."""
    try:
        return av.open(source, metadata_errors='ignore')
    except TypeError:  # PyAV 19 knows no such option: it decodes them itself
        return av.open(source)


def best_stream(container, kind: str):
    """The main stream of a kind ('video' or 'audio') that can be decoded; cover art is none."""
    best = container.streams.best(kind)
    for stream in [best, *getattr(container.streams, kind)] if best is not None else []:
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def header_duration(container, stream) -> float:
    """Seconds by the header of the stream, else of the file, 0 if neither says."""
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base


def packets(container, stream) -> Iterator[av.Packet]:
    """Packets of a stream, at last the empty one that empties its decoder.

    A file whose end is damaged ends there: what came before is kept.
    """
    try:
        yield from container.demux(stream)
    except (av.FFmpegError, ValueError):
        yield end_of(stream)


def end_of(stream) -> av.Packet:
    """The packet that empties the decoder of a stream."""
    packet = av.Packet()
    packet.stream, packet.time_base = stream, stream.time_base
    return packet


def with_following(source: Iterator[av.Packet]) -> Iterator[tuple[av.Packet, int | None, bool]]:
    """Packets, each with the timestamp of the frame displayed after its own (None: unknown), and
    whether no frame ahead is displayed before its own."""
    ahead = deque(islice(source, REORDER))
    behind = deque(maxlen=REORDER)
    while ahead:
        packet = ahead.popleft()
        ahead.extend(islice(source, 1))
        stamps = [other.pts for other in ahead]
        if len(ahead) == REORDER and None not in stamps and packet.pts is not None:
            later = [pts for pts in (*stamps, *behind) if pts > packet.pts]
            yield packet, min(later, default=None), packet.pts < min(stamps)
            behind.append(packet.pts)
        else:
            yield packet, None, False


def key_between(stream, shown: float, time: float, frame_time: float) -> bool:
    """Whether a key frame lies between the frame on screen at ``shown`` and ``time``."""
    entries, tick = getattr(stream, 'index_entries', ()), float(stream.time_base)
    if not len(entries) or entries[-1].timestamp * tick < time - BLIND_SEEK:
        return time - shown > BLIND_SEEK
    # the index holds times of decoding: earlier than those of display by the reordering
    delay = getattr(stream.codec_context, 'reorder_depth', 0) * frame_time
    key = entries.search_timestamp(int((time - delay) / tick), backward=True)
    return key >= 0 and entries[key].timestamp * tick > shown


def avi_shift(packet: av.Packet) -> int:
    """Ticks by which an avi packet is stamped late: a seek over empty frames miscounts them."""
    entries = getattr(packet.stream, 'index_entries', ())
    if packet.dts is None or packet.pos is None or not len(entries):
        return 0
    at = entries.search_timestamp(packet.dts, backward=True)
    while at >= 0 and entries[at].pos + CHUNK_HEADER > packet.pos:
        at -= 1
    found = at >= 0 and entries[at].pos + CHUNK_HEADER == packet.pos
    return packet.dts - entries[at].timestamp if found else 0
