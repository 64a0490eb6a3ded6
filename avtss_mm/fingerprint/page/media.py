"""Media of the match page: frames, spectrograms, small copies and links of a file."""

from __future__ import annotations

import base64
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import cv2
import matplotlib
import numpy as np

from ...datasets.transforms import MelSpectrogram
from ...errors import MediaError
from ...media import open_media, write_video
from ...media.remote import is_remote
from ...media.shards import split_address

SAMPLE_RATE = 16000
THUMB_HEIGHT, THUMB_QUALITY = 112, 72  # pixels, of which a screen shows about half; JPEG
HOP = 0.01  # seconds from one column of a spectrogram to the next
MAX_COLUMNS = 1100
PIECE = 60.0  # seconds of sound in memory at once
LABELLED = (0.5, 1, 2, 4)  # kHz, of the mel scale from 0 to half of SAMPLE_RATE
RANGE_DB, FLOOR_DB = 65, -60  # range from brightest to darkest; brightest level of near silence
SMALL_HEIGHT, SMALL_FPS, SMALL_CRF = 180, 12, 33
BATCH = 24  # full-size frames in memory at once


class PageMedia:
    """A file for the match page. An unreadable file has an ``error`` instead.

    Args:
        path: Path of the file to show.

    Attributes:
        path (str): Path as given.
        error (str): Reason why the file cannot be shown; empty if it can.
        duration (float): Length in seconds; 0 with an error.
        has_video (bool), has_audio (bool): Modalities of the file; False with an error.
    """

    def __init__(self, path) -> None:
        self.path = os.fspath(path)
        self.error, self.duration, self.has_video, self.has_audio = '', 0.0, False, False
        self._thumbs: dict[float, str] = {}
        self._reader = None
        try:
            self._reader = open_media(path)
        except MediaError as error:
            self.error = error.reason
            return
        info = self._reader.info
        self.duration = max(info.duration, 1 / 25)
        self.has_video, self.has_audio = info.has_video, info.has_audio

    def __enter__(self) -> PageMedia:
        return self

    def __exit__(self, *exc_info) -> None:
        if self._reader is not None:
            self._reader.close()

    @property
    def aspect(self) -> float:
        """Aspect ratio of the video, 16 / 9 without one."""
        info = self._reader.info if self.has_video else None
        return info.width / info.height if info and info.height else 16 / 9

    def facts(self) -> list[str]:
        """Metadata of the file for the header of the page."""
        if self.error:
            return [self.error]
        info, facts = self._reader.info, []
        if info.has_video:
            facts += [f'{info.width} × {info.height}', f'{info.fps:.3g} frames/s']
        channels = {1: 'mono', 2: 'stereo'}.get(info.channels, f'{info.channels} channels')
        sound = f'{info.sample_rate / 1000:g} kHz {channels}' if info.has_audio else 'no sound'
        return [*facts, sound]

    def links(self, folder: Path) -> list[str]:
        """URLs of the file for a page in ``folder``: relative, then absolute; none in a shard."""
        if split_address(self.path) or is_remote(self.path):
            return [self.path] if self.path.startswith('http') and is_remote(self.path) else []
        target, urls = os.path.abspath(self.path), []
        try:
            relative = os.path.relpath(target, os.path.abspath(folder)).replace(os.sep, '/')
            urls.append('./' + quote(os.fsencode(relative)))
        except ValueError:  # on another drive
            pass
        absolute = target.replace(os.sep, '/').lstrip('/')
        return [*urls, 'file:///' + quote(os.fsencode(absolute), safe='/:')]

    def thumbnails(self, times: Sequence[float]) -> list[str]:
        """Makes thumbnails at ``times`` (s) as JPEG data URIs; decodes each time only once."""
        times = [round(float(time), 3) for time in times]
        missing = sorted({*times} - self._thumbs.keys())
        if missing:
            frames = self._reader.read([np.array(missing)]).frames[0]
            for time, frame in zip(missing, frames):
                self._thumbs[time] = jpeg(_shrink(frame, THUMB_HEIGHT), THUMB_QUALITY)
        return [self._thumbs[time] for time in times]

    def spectrogram(self, start: float, end: float) -> str:
        """Draws the log-mel spectrogram from ``start`` to ``end`` (s) as a JPEG data URI."""
        pool = max(int((end - start) / HOP / MAX_COLUMNS), 1)
        columns = [
            _log_mel(self._reader.read(audio_windows=[window]).audio[0], pool)
            for window in _pieces(start, end, PIECE)
        ]
        picture = np.concatenate(columns)[:, ::-1].T  # (F, L), low frequencies at the bottom
        top = max(np.percentile(picture, 99.8), FLOOR_DB)
        return jpeg(colours((picture - top) / RANGE_DB + 1), 80)

    def small_copy(self, start: float, end: float) -> str:
        """Transcodes ``start`` to ``end`` (s) to a small MP4 data URI of about 20 kB per second.

        An audio file gets a black picture, because it is played in the same player.
        """
        audio = self._reader.read(audio_windows=[(start, end)], sample_rate=SAMPLE_RATE).audio[0]
        fps = SMALL_FPS if self.has_video else 1
        count = max(round((end - start) * fps), 1)
        frames = self._small_frames(start + np.arange(count) / fps)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, 'small.mp4')
            write_video(path, frames, fps, audio, SAMPLE_RATE, gop=2 * fps, crf=SMALL_CRF)
            return _data_uri('video/mp4', path.read_bytes())

    def _small_frames(self, times: np.ndarray) -> Iterator[np.ndarray]:
        if not self.has_video:
            yield from np.zeros((len(times), 16, 16, 3), np.uint8)
            return
        for first in range(0, len(times), BATCH):
            for frame in self._reader.read([times[first : first + BATCH]]).frames[0]:
                yield _shrink(frame, SMALL_HEIGHT)


def jpeg(image: np.ndarray, quality: int) -> str:
    """Encodes RGB uint8 (H, W, 3) as a data URI."""
    bgr = np.ascontiguousarray(image[..., ::-1])
    data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return _data_uri('image/jpeg', data.tobytes())


def png(image: np.ndarray) -> str:
    """Encodes RGBA uint8 (H, W, 4) as a data URI."""
    data = cv2.imencode('.png', cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA))[1]
    return _data_uri('image/png', data.tobytes())


def colours(values: np.ndarray) -> np.ndarray:
    """Maps values (..., ) from 0 (dark) to 1 (bright) to uint8 RGB (..., 3)."""
    return matplotlib.colormaps['magma'](np.clip(values, 0, 1), bytes=True)[..., :3]


def _log_mel(waveform: np.ndarray, pool: int) -> np.ndarray:
    """Computes dB (L, F) of sound (S,); each column is the maximum of ``pool`` columns."""
    hop = round(HOP * SAMPLE_RATE)
    waveform = np.pad(waveform, (0, max(4 * hop - len(waveform), 0)))
    to_mel = MelSpectrogram(SAMPLE_RATE, hop_duration=HOP, num_columns=len(waveform) // hop)
    clip = dict(audio_waveforms=[waveform], audio_rate=[1.0], audio_direction=[0])
    columns = to_mel.transform(clip)['audios'][0, 0]
    return np.maximum.reduceat(columns, np.arange(0, len(columns), pool))


def frequency_ticks() -> list[dict]:
    """Frequencies beside a spectrogram: ``place`` in percent from the bottom, ``label`` in kHz."""
    top = _mel(SAMPLE_RATE / 2000)
    return [dict(place=round(100 * _mel(khz) / top, 2), label=f'{khz:g}') for khz in LABELLED]


def _mel(khz: float) -> float:
    """Slaney's mel scale, linear up to 1 kHz and logarithmic above."""
    return 15 * khz if khz < 1 else 15 + 27 * math.log(khz, 6.4)


def _pieces(start: float, end: float, length: float) -> list[tuple[float, float]]:
    count = max(round((end - start) / length), 1)
    bounds = np.linspace(start, end, count + 1)
    return list(zip(bounds[:-1].tolist(), bounds[1:].tolist()))


def _shrink(frame: np.ndarray, height: int) -> np.ndarray:
    """Reduces a frame to at most ``height``, with even sides."""
    height = min(height, frame.shape[0] // 2 * 2) or 2
    width = max(round(frame.shape[1] * height / frame.shape[0] / 2) * 2, 2)
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def _data_uri(kind: str, data: bytes) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode()}'
