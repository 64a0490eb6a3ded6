"""Videos whose frames show their own number, so that a test can tell which frame it was given."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avtss_mm.media import write_video

CELL = 16  # pixels: survives any lossy codec
BITS = 12
WEBM = dict(video_codec='libvpx-vp9', audio_codec='libopus')
AVI = dict(video_codec='mpeg4', audio_codec='pcm_s16le')


def stamp(number: int) -> np.ndarray:
    """Draws a frame (32, 96, 3) that shows ``number`` in binary: 2 rows of 6 cells, white is 1."""
    bits = [number >> bit & 1 for bit in range(BITS)]
    cells = np.array(bits, np.uint8).reshape(2, 6) * 215 + 20
    return np.repeat(cells.repeat(CELL, 0).repeat(CELL, 1)[..., None], 3, axis=2)


def read_stamp(frame: np.ndarray) -> int:
    """Reads the number that a frame shows; the frame may be stretched to another size."""
    rows, columns = frame.shape[0] // 2, frame.shape[1] // 6
    cells = frame[: 2 * rows, : 6 * columns].reshape(2, rows, 6, columns, 3).mean((1, 3, 4))
    return sum(1 << bit for bit, cell in enumerate(cells.ravel()) if cell > 128)


def write_stamped(path, num_frames=100, fps=25, audio=True, **options) -> np.ndarray:
    """Writes numbered frames with a rising tone; returns the times of the frames (n,)."""
    times = options.get('frame_times')
    times = np.arange(num_frames) / fps if times is None else np.asarray(times)
    seconds = np.arange(round((times[-1] + 0.2) * 16000)) / 16000
    sound = (0.5 * np.sin(2 * np.pi * (200 + 20 * seconds) * seconds)).astype('f')
    options = {**{'.webm': WEBM, '.avi': AVI}.get(Path(path).suffix, {}), **options}
    frames = (stamp(index) for index in range(len(times)))
    write_video(path, frames, fps, sound if audio else None, 16000, **options)
    return times - times[0]


def on_screen(times, asked) -> list[int]:
    """Returns the numbers of the frames on screen, straight from the definition."""
    return [max((i for i, t in enumerate(times) if t <= at + 1e-3), default=0) for at in asked]
