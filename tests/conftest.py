"""Tiny real media files, written with real codecs for the tests to read."""

from __future__ import annotations

import os

os.environ.setdefault('OMP_NUM_THREADS', '1')  # before torch is imported

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

from avtss_mm.media import write_video

SAMPLE_RATE = 16000
CODECS = {  # by suffix; .mp4, .mkv and .mov take the defaults of write_video
    '.webm': dict(video_codec='libvpx-vp9', audio_codec='libopus'),
    '.avi': dict(video_codec='mpeg4', audio_codec='pcm_s16le'),
}


def pytest_collection_modifyitems(items):
    """Slow files come first: the quick ones then fill what is left of each process's time."""
    items.sort(key=lambda item: item.get_closest_marker('slow') is None)


@pytest.fixture(scope='session', autouse=True)
def mmaction_scope():
    """Types without a scope are looked up in mmaction2, whichever test comes first."""
    init_default_scope('mmaction')


@pytest.fixture(autouse=True)
def leave_no_traces():
    """Removes the global logger and scope that a run leaves behind, before the next test."""
    kinds = [kind._instance_dict for kind in (MessageHub, Visualizer)]
    before = [dict(instances) for instances in kinds]
    yield
    for instances, known in zip(kinds, before):
        instances.clear()
        instances.update(known)
    DefaultScope._instance_dict.clear()  # of a runner that a module keeps, too
    init_default_scope('mmaction')
    MMLogger._instance_dict.clear()  # none is kept: the import of pymilvus closes their files


@pytest.fixture
def read_only():
    """``with read_only(file, ...) as folder``: a folder with these, which must not be written to.

    Root may write anywhere: for as long, it is another user.
    """

    @contextmanager
    def make(*files):
        folder = Path(tempfile.mkdtemp())
        user = os.geteuid()
        try:
            for file in files:
                shutil.copy(file, folder)
            folder.chmod(0o555)
            if user == 0:
                os.seteuid(65534)
                if not os.access(__file__, os.R_OK, effective_ids=True):
                    pytest.skip('another user may not read this checkout')
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
            shutil.rmtree(folder)

    return make


def moving_square(num_frames: int, height: int, width: int, seed: int = 0):
    """Yields frames (H, W, 3): a square crosses fixed noise, and its brightness tells the time."""
    rng = np.random.default_rng(seed)
    background = rng.integers(40, 90, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    background = background.repeat(8, 0).repeat(8, 1)[:height, :width]
    side = height // 4
    for index in range(num_frames):
        frame = background + np.uint8(60 * index / max(num_frames, 1))
        left = index * 3 % (width - side)
        frame[side : 2 * side, left : left + side] = (230, 60, 20)
        yield frame


def make_sound(kind: str | None, duration: float, seed: int = 0) -> np.ndarray | None:
    """Makes mono sound (n,) at 16 kHz: 'tone', 'noise', 'silence', or None for no track."""
    num_samples = round(duration * SAMPLE_RATE)
    if kind is None:
        return None
    if kind == 'tone':
        pitch = 300 + 100 * (seed % 8)
        return (0.4 * np.sin(2 * np.pi * pitch * np.arange(num_samples) / SAMPLE_RATE)).astype('f')
    if kind == 'noise':
        return np.random.default_rng(seed).normal(0, 0.1, num_samples).astype('f')
    return np.zeros(num_samples, np.float32)


@pytest.fixture(scope='session')
def make_video():
    """``make_video(path, duration=3, fps=25, size=(96, 128), audio='tone', seed=0, **writer)``.

    ``size`` is (height, width); further arguments go to :func:`write_video`. Returns the path.
    """

    def make(path, duration=3.0, fps=25, size=(96, 128), audio='tone', seed=0, **writer) -> Path:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = moving_square(round(duration * fps), *size, seed=seed)
        options = {**CODECS.get(path.suffix, {}), **writer}
        write_video(path, frames, fps, make_sound(audio, duration, seed), SAMPLE_RATE, **options)
        return path

    return make


@pytest.fixture(scope='session')
def flash_click():
    """``flash_click(path, instants=(...), duration=6, fps=25, **writer)``: a synchronised file.

    The frame on screen at each instant is white, and a click of 10 ms sounds when it appears.
    Returns the true times of flashes and clicks (n,).
    """

    def make(path, instants, duration=6.0, fps=25, frame_times=None, audio_start=0.0, **writer):
        path = Path(path)
        times = np.arange(round(duration * fps)) / fps if frame_times is None else frame_times
        flashes = np.searchsorted(times, np.asarray(instants) + 1e-6) - 1
        frames = (
            np.full((64, 96, 3), 255 if index in flashes else 30, np.uint8)
            for index in range(len(times))
        )
        sound = np.zeros(round((duration - audio_start) * SAMPLE_RATE), np.float32)
        for time in np.asarray(times)[flashes]:
            first = round((time - audio_start) * SAMPLE_RATE)
            sound[first : first + 160] = 0.8 * np.sin(np.arange(160) * 2 * np.pi / 16)
        options = {**CODECS.get(path.suffix, {}), **writer}
        write_video(
            path, frames, fps, sound, SAMPLE_RATE,
            frame_times=frame_times, audio_start=audio_start, **options,
        )  # fmt: skip
        return np.asarray(times)[flashes]

    return make
