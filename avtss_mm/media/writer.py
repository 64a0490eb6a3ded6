"""Writes small videos with sound, for the toy data and for tests."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain

import av
import numpy as np

from .base import local_name

CLOCK = Fraction(1, 90000)
"""Tick (seconds) of the timestamps of frames with individual times."""

LAYOUTS = {1: 'mono', 2: 'stereo', 6: '5.1', 8: '7.1'}
"""FFmpeg's names of the layouts, by number of channels."""

SOUND_CHUNK = 1024
"""Number of samples per call of the encoder, so that video and audio are interleaved."""


def write_video(
    path,
    frames: Iterable[np.ndarray],
    fps: float,
    audio: np.ndarray | None = None,
    sample_rate: int = 16000,
    video_codec: str = 'libx264',
    audio_codec: str = 'aac',
    gop: int = 12,
    crf: int = 23,
    frame_times: Iterable[float] | None = None,
    audio_start: float = 0.0,
) -> None:
    """Encodes frames and sound into a file; its suffix decides the container.

    The same input gives the same bytes on one machine (one encoder thread).

    Args:
        path: Path of the file to write. ``.webm`` needs ``libvpx-vp9`` and ``libopus``.
        frames: RGB frames, uint8 (H, W, 3), H and W even.
        fps: Frames per second.
        audio: Sound in [-1, 1], float32, mono (n,) or (n, 1 | 2 | 6 | 8 channels). Defaults to no
            audio track.
        sample_rate: Sample rate of ``audio`` in Hz.
        video_codec: Name of FFmpeg's video encoder.
        audio_codec: Name of FFmpeg's audio encoder.
        gop: Maximum distance of key frames in frames.
        crf: Constant quality of x264 and VP9: lower is better and larger.
        frame_times: Increasing times of the frames in seconds, for a variable frame rate (not in
            avi).
        audio_start: Start of the sound in seconds.

    Raises:
        ValueError: If there are no frames, or a frame is not uint8 (H, W, 3) with even H and W.
    """
    frames = iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError(f'{path}: no frame to write')
    if first.dtype != np.uint8 or first.ndim != 3 or first.shape[0] % 2 or first.shape[1] % 2:
        raise ValueError(
            f'{path}: frames must be uint8 (H, W, 3) with even H and W, '
            f'but are {first.dtype} {first.shape}'
        )
    rate = Fraction(fps).limit_denominator(1001)
    tick = CLOCK if frame_times is not None else 1 / rate
    times = chain(frame_times) if frame_times is not None else None
    with av.open(local_name(path), 'w') as container:
        video = container.add_stream(video_codec, rate=rate, options=_options(video_codec, crf))
        video.height, video.width = first.shape[:2]
        video.pix_fmt = 'yuvj420p' if video_codec == 'mjpeg' else 'yuv420p'
        video.gop_size = gop
        video.codec_context.thread_count = 1
        video.codec_context.time_base = tick
        sound = None
        if audio is not None:
            audio = np.asarray(audio, np.float32).reshape(len(audio), -1)  # (n, channels)
            layout = LAYOUTS[audio.shape[1]]
            track = container.add_stream(audio_codec, rate=sample_rate, layout=layout)
            sound = _sound_frames(audio, layout, sample_rate, audio_start)
        heard = 0.0
        for index, image in enumerate(chain([first], frames)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
            frame.pts = index if times is None else round(next(times) / tick)
            frame.time_base = tick
            container.mux(video.encode(frame))
            while sound is not None and heard <= frame.time:
                chunk = next(sound, None)
                if chunk is None:
                    break
                container.mux(track.encode(chunk))
                heard = chunk.time
        container.mux(video.encode(None))
        if sound is not None:
            for chunk in sound:
                container.mux(track.encode(chunk))
            container.mux(track.encode(None))


def _options(codec: str, crf: int) -> dict[str, str]:
    if codec == 'libx264':  # with its macroblock tree, equal frames give unequal bytes
        return {'crf': str(crf), 'preset': 'veryfast', 'x264-params': 'mbtree=0'}
    if codec == 'libx265':
        return {'crf': str(crf), 'preset': 'veryfast'}
    if codec.startswith('libvpx'):
        return {'crf': str(crf), 'b': '0', 'deadline': 'realtime', 'cpu-used': '8'}
    return {}


def _sound_frames(audio: np.ndarray, layout: str, sample_rate: int, start: float):
    """Yields chunks of the sound (n, channels) with timestamps."""
    for first in range(0, len(audio), SOUND_CHUNK):
        chunk = np.ascontiguousarray(audio[first : first + SOUND_CHUNK].reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(chunk, format='flt', layout=layout)
        frame.sample_rate = sample_rate
        frame.time_base = Fraction(1, sample_rate)
        frame.pts = round(start * sample_rate) + first
        yield frame
