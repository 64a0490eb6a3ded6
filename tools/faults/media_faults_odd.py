"""Intact but odd media files, and files that are not media, for ``media_faults.py``."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avtss_mm.media import write_video
from avtss_mm.media.pyav_container import open_input

PAGE = '<!DOCTYPE html><html><head><title>404 Not Found</title></head><body>\n'


@dataclass
class Case:
    """A bad file.

    Attributes:
        kind: Name of the kind of fault.
        path: Path of the file.
        is_whole: Whether frames and sound must have exact times.
        times: Times of its frames in seconds, if known.
        source: Path of the file that was damaged to make it.
        is_refused: Whether it is not a media file and must be refused.
        during: Function to call while the file is read.
    """

    kind: str
    path: Path
    is_whole: bool = False
    times: np.ndarray | None = None
    source: Path | None = None
    is_refused: bool = False
    during: Callable[[], None] | None = None


def real_frames(source: Path, number: int, size: tuple[int, int]) -> list[np.ndarray]:
    """Reads the first frames of a file in a size (width, height), repeated as often as needed."""
    with open_input(str(source)) as container:
        frames = []
        for frame in container.decode(video=0):
            frames.append(frame.reformat(*size, format='rgb24').to_ndarray())
            if len(frames) == min(number, 50):
                break
    return [frames[index % len(frames)] for index in range(number)]


def real_sound(source: Path, seconds: float, rate: int) -> np.ndarray:
    """Reads the beginning of the sound of a file at a rate, or makes noise if it has none: (n,)."""
    with open_input(str(source)) as container:
        if not container.streams.audio:
            return np.random.default_rng(0).normal(0, 0.1, round(seconds * rate)).astype('f')
        resampler = av.AudioResampler(format='flt', layout='mono', rate=rate)
        chunks = []
        for frame in container.decode(audio=0):
            frame.pts = None
            chunks += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    return np.resize(np.concatenate(chunks), round(seconds * rate))


def _written(path, source, fps=25, number=50, size=(160, 120), rate=16000, channels=1, **options):
    """Writes a file of real frames and real sound at known times; returns its path and times."""
    times = options.get('frame_times')
    times = np.arange(number) / fps if times is None else times
    sound = real_sound(source, times[-1] + 1 / fps, rate)
    sound = np.stack([np.roll(sound, 100 * channel) for channel in range(channels)], 1)
    frames = real_frames(source, number, size)
    write_video(path, frames, fps, sound, rate, **options)
    return path, times - times[0]


def variable_rate(source: Path, folder: Path, rng: random.Random):
    times = np.cumsum([rng.choice([0.01, 0.02, 0.04, 0.1, 0.5]) for _ in range(40)])
    path = folder / f'slot{rng.choice([".mp4", ".mkv", ".mov"])}'
    return _written(path, source, number=40, frame_times=times)


def no_key_frames(source: Path, folder: Path, rng: random.Random):
    """Writes three minutes of video with a single key frame."""
    return _written(folder / 'slot.mp4', source, 4, 720, (96, 64), gop=10**6)


def transport_stream(source: Path, folder: Path, rng: random.Random):
    return _written(folder / 'slot.ts', source)


def eight_channels(source: Path, folder: Path, rng: random.Random):
    return _written(folder / 'slot.mp4', source, channels=8)


def low_rate(source: Path, folder: Path, rng: random.Random):
    return _written(folder / 'slot.mkv', source, rate=8000)


def late_sound(source: Path, folder: Path, rng: random.Random):
    return _written(folder / 'slot.mp4', source, audio_start=rng.uniform(0.2, 1.5))


def silence(source: Path, folder: Path, rng: random.Random):
    frames = real_frames(source, 50, (160, 120))
    write_video(folder / 'slot.mp4', frames, 25, np.zeros(32000, 'f'), 16000)
    return folder / 'slot.mp4', np.arange(50) / 25


def one_frame(source: Path, folder: Path, rng: random.Random):
    path = folder / f'slot{rng.choice([".mp4", ".mkv", ".mov", ".ts"])}'
    return _written(path, source, number=1)


def one_pixel(source: Path, folder: Path, rng: random.Random):
    name, *options = rng.choice([('slot.mkv', 'ffv1', 'bgr0'), ('slot.mov', 'png', 'rgb24')])
    return _pictures(folder / name, real_frames(source, 50, (1, 1)), *options)


def eight_k(source: Path, folder: Path, rng: random.Random):
    path = folder / f'slot{rng.choice([".mp4", ".mkv", ".avi"])}'
    return _pictures(path, real_frames(source, 3, (7680, 4320)), 'mjpeg', 'yuvj420p')


def turned(source: Path, folder: Path, rng: random.Random):
    frames, angle = real_frames(source, 50, (160, 90)), rng.choice([90, 180, -90])
    return _pictures(folder / 'slot.mp4', frames, 'libx264', 'yuv420p', angle)


def _pictures(path: Path, frames, codec: str, pix_fmt: str, angle: int = 0):
    with av.open(str(path), 'w') as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.codec_context.thread_count = pix_fmt, 1
        if angle and hasattr(stream, 'set_display_rotation'):
            stream.set_display_rotation(angle)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format='rgb24')))
        container.mux(stream.encode(None))
    return path, np.arange(len(frames)) / 25


def edit_list(source: Path, folder: Path, rng: random.Random):
    """Copies a file from a key frame on, with an edit list that starts at a later frame."""
    whole, path = folder / 'whole.mp4', folder / 'slot.mp4'
    _written(whole, source, number=75, gop=30)
    cut = Fraction(rng.randrange(31, 50), 25)
    with av.open(str(whole)) as container:
        video = container.streams.video[0]
        keys = [p.pts * p.time_base for p in container.demux(video) if p.is_keyframe]
    key = max(time for time in keys if time <= cut)  # also where the scene changes
    with av.open(str(whole)) as container, av.open(str(path), 'w') as clip:
        streams = {s.index: clip.add_stream_from_template(s) for s in container.streams}
        for packet in container.demux():
            first = key if packet.stream.type == 'video' else cut
            if packet.dts is None or packet.pts * packet.time_base < first:
                continue
            shift = round(cut / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = streams[packet.stream.index]
            clip.mux(packet)
    whole.unlink()
    return path, (np.arange(round(cut * 25), 75) - round(cut * 25)) / 25


ODD = {
    'variable frame rate': variable_rate,
    'edit list': edit_list,
    'rotation': turned,
    '7.1 sound': eight_channels,
    '8 kHz sound': low_rate,
    'late sound': late_sound,
    'silence': silence,
    'one frame': one_frame,
    '1 x 1 pixels': one_pixel,
    '8K': eight_k,
    'no key frame for minutes': no_key_frames,
    'transport stream': transport_stream,
}
"""Odd files by name: functions of a real file, a folder and a random generator."""


def no_media(kind: str, path: Path, source: Path) -> None:
    """Makes something other than a media file at the path."""
    if kind == 'FIFO':
        os.mkfifo(path)
    elif kind == 'directory':
        path.mkdir()
    elif kind == 'dead link':
        path.symlink_to(path.with_name('gone'))
    elif kind == 'link to itself':
        path.symlink_to(path)
    elif kind == 'link to a device':
        path.symlink_to('/dev/zero')
    elif kind == 'empty file':
        path.touch()
    elif kind == 'HTML':
        path.write_text(PAGE * 40)
    else:
        path.write_bytes(random.Random(source.name).randbytes(100_000))


NO_MEDIA = ('HTML', 'FIFO', 'directory', 'dead link', 'link to itself', 'link to a device')
NO_MEDIA += ('empty file', 'noise')


def change(kind: str, path: Path, other: Path, pause: float) -> None:
    """Changes a file after ``pause`` seconds, from a thread."""

    def act() -> None:
        time.sleep(pause)
        if kind == 'cut short while it is read':
            os.truncate(path, path.stat().st_size // 3)
            return
        draft = path.with_name('draft')
        if kind == 'replaced while it is read':
            draft.write_bytes(other.read_bytes())
        elif kind == 'replaced by a FIFO while it is read':
            os.mkfifo(draft)
        else:
            path.unlink()
            return
        os.replace(draft, path)

    threading.Thread(target=act, daemon=True).start()


CHANGES = (
    'gone while it is read',
    'replaced while it is read',
    'cut short while it is read',
    'replaced by a FIFO while it is read',
)
