"""Makes videos small and quick to seek in, with picture and sound still synchronous."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from ..errors import MediaError
from ..files.whole_file import written_whole
from ..media import open_media
from ..media.base import local_name
from ..media.pyav_container import best_stream, open_container, packets
from ..media.pyav_rgb import ONE_THREAD
from ..media.sources import source_of

CLOCK = Fraction(1, 90000)
"""Tick (seconds) of the timestamps of written frames."""

CONTAINER = {'movie_timescale': '90000'}
"""Option of mp4, which would round to milliseconds if one stream starts before the other."""

COPIED = frozenset('aac ac3 eac3 mp3 opus'.split())
"""Audio codecs that mp4 and its readers support; others become AAC."""

AAC_RATES = frozenset(av.Codec('aac', 'w').audio_rates)
"""Sample rates in Hz that the encoder supports."""

SCALING = {'interpolation': 'BICUBIC', 'dst_color_range': 'MPEG', **ONE_THREAD}

COLOURS = ('colorspace', 'color_primaries', 'color_trc')
"""Attributes that define the colours of pixels, apart from their range."""


def resize_video(
    source,
    target,
    short_side: int = 256,
    gop: int = 12,
    crf: int = 23,
    sound_rate: int | None = None,
) -> None:
    """Writes a smaller copy of a video as H.264 in mp4, completely or not at all.

    Frames keep their times and are quick to decode (x264's ``tune=fastdecode``); undecodable ones
    are dropped, and rotation is applied. The sound is copied, or becomes AAC (mono or stereo) if
    mp4 does not support its codec.

    Args:
        source: Path of the file to read.
        target: Path of the file to write; its folder must exist.
        short_side: Length of the shorter side in pixels; a smaller video keeps its size, made even.
        gop: Distance of key frames in frames.
        crf: Constant quality of x264: lower is better and larger.
        sound_rate: Sample rate in Hz of mono AAC to write. Defaults to None: sound as it is.

    Raises:
        MediaError: If the file does not open or decode, or has no video.
    """
    source, target = os.fspath(source), Path(target)
    with open_media(source) as reader:  # also says why a file is bad
        info = reader.info
    if not info.has_video:
        raise MediaError(source, 'no video stream')
    size = even_size(info.width, info.height, short_side)
    try:
        with (
            written_whole(target) as draft,
            open_container(source_of(source)) as video,
            open_container(source_of(source)) as audio,
            av.open(local_name(draft), 'w', 'mp4', container_options=CONTAINER) as output,
        ):
            _transcode(video, audio, output, size, info.rotation, gop, crf, sound_rate)
    except (av.FFmpegError, ValueError, ArithmeticError) as error:
        raise MediaError(source, getattr(error, 'strerror', None) or error) from error


def even_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Scales width and height to even numbers in the same proportion, never up."""
    scale = min(1.0, short_side / min(width, height))
    return tuple(2 * max(min(round(side * scale / 2), side // 2), 1) for side in (width, height))


def _transcode(video_in, audio_in, output, size, rotation: int, gop, crf, sound_rate) -> None:
    """Writes video and audio interleaved, shifted by the same time."""
    source, track = best_stream(video_in, 'video'), best_stream(audio_in, 'audio')
    frames = _frames(source)
    first = next(frames)  # it exists, as the reader has shown
    zero = first.pts * first.time_base
    if track is not None and track.start_time is not None:
        zero = min(zero, track.start_time * track.time_base)
    stream = _add_video(output, source, size, gop, crf)
    if not first.format.is_rgb:
        for name in COLOURS:
            setattr(stream.codec_context, name, getattr(source.codec_context, name))
    encoded = [_pictures(chain([first], frames), stream, zero, rotation // 90)]
    if track is not None:
        if sound_rate is None and track.codec_context.codec.canonical_name in COPIED:
            encoded.append(_copied_sound(track, output, zero))
        else:
            encoded.append(_new_sound(track, output, zero, sound_rate))
    for packet in merge(*encoded, key=lambda packet: packet.dts * packet.time_base):
        output.mux(packet)


def _add_video(output, source, size: tuple[int, int], gop: int, crf: int):
    rate = Fraction(source.average_rate or source.guessed_rate or 25).limit_denominator(1001)
    # without scene cut detection, key frames are exactly ``gop`` frames apart
    options = {'crf': str(crf), 'preset': 'veryfast', 'tune': 'fastdecode', 'sc_threshold': '0'}
    stream = output.add_stream('libx264', rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt, stream.gop_size = 'yuv420p', gop
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = CLOCK
    return stream


def _decoded(stream) -> Iterator:
    """Yields the frames of a stream; skips packets that do not decode."""
    stream.codec_context.thread_count = 1
    for packet in packets(stream.container, stream):
        try:
            yield from packet.decode()
        except (av.FFmpegError, ValueError):
            continue


def _frames(source) -> Iterator[av.VideoFrame]:
    """Yields frames with increasing times, the same as those of the reader."""
    is_avi, last = source.container.format.name == 'avi', None
    for frame in _decoded(source):
        if is_avi and frame.dts is not None:  # avi stores no presentation times
            frame.pts = frame.dts
        if frame.pts is not None and (last is None or frame.pts > last):
            last = frame.pts
            yield frame


def _pictures(frames, stream, zero: Fraction, turns: int) -> Iterator[av.Packet]:
    size = (stream.width, stream.height)
    size = size[::-1] if turns % 2 else size  # before the rotation
    reformatter = VideoReformatter()
    for frame in frames:
        time = frame.pts * frame.time_base - zero
        frame = reformatter.reformat(frame, *size, 'yuv420p', **SCALING)
        if turns:
            frame = _turned(frame, turns)
        frame.pts, frame.time_base = round(time / CLOCK), CLOCK
        frame.pict_type = PictureType.NONE  # otherwise the encoder would copy the source's type
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _turned(frame: av.VideoFrame, turns: int) -> av.VideoFrame:
    """Rotates a yuv420p frame by quarter turns, counter-clockwise."""
    width, height = frame.width, frame.height
    values, area = frame.to_ndarray().ravel(), width * height
    planes = [values[:area].reshape(height, width)]
    planes += [part.reshape(height // 2, width // 2) for part in np.split(values[area:], 2)]
    values = np.concatenate([np.rot90(plane, turns).ravel() for plane in planes])
    image = values.reshape(-1, height if turns % 2 else width)
    return av.VideoFrame.from_ndarray(image, format='yuv420p')


def _copied_sound(track, output, zero: Fraction) -> Iterator[av.Packet]:
    stream = output.add_stream_from_template(track)
    return _shifted(_stamped(packets(track.container, track)), stream, zero)


def _new_sound(track, output, zero: Fraction, rate: int | None) -> Iterator[av.Packet]:
    context = track.codec_context
    layout = 'mono' if rate or context.channels == 1 else 'stereo'
    rate = rate or (context.sample_rate if context.sample_rate in AAC_RATES else 48000)
    stream = output.add_stream('aac', rate=rate, layout=layout)
    return _shifted(_encoded_sound(track, stream), stream, zero)


def _encoded_sound(track, stream) -> Iterator[av.Packet]:
    for frame in _decoded(track):
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _stamped(source: Iterator[av.Packet]) -> Iterator[av.Packet]:
    """Yields audio packets with increasing times."""
    last = None
    for packet in source:
        time = packet.dts if packet.pts is None else packet.pts
        if packet.size and time is not None and (last is None or time > last):
            packet.pts = packet.dts = last = time
            yield packet


def _shifted(source: Iterator[av.Packet], stream, zero: Fraction) -> Iterator[av.Packet]:
    for packet in source:
        shift = round(zero / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = stream
        yield packet
