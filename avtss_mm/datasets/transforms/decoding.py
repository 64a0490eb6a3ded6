"""Decodes the frames and waveforms of a file's windows."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform
from mmengine.fileio import get_file_backend

from ...errors import MediaError
from ...media import open_media
from ...media.file_cache import FileCache
from ...media.sources import source_of
from ...media.views import Data, Source


@TRANSFORMS.register_module()
class AVInit(BaseTransform):
    """Open a media file.

    Required keys: ``filename``.

    Added keys: ``reader``; ``file_has_audio`` (bool: whether there is an audio track); ``duration``
    (s, of what decodes), unless the manifest has it.

    Removed keys: ``has_audio`` of the manifest, which becomes ``file_has_audio``.

    Args:
        backend (str): Library to decode with: ``'pyav'``, ``'torchcodec'``, ``'decord'``, or
            ``'auto'``, which is PyAV. Defaults to 'auto'.
        max_age (float | None): Maximum seconds by which a frame may be older than the damaged one
            that it replaces; otherwise the file counts as bad. Defaults to None: no limit.
        backend_args (dict | None): Arguments of mmengine's ``get_file_backend``, such as
            ``dict(backend='lmdb', db_path=...)`` or ``dict(backend='petrel')``, which then reads
            each file as a whole. Defaults to None: from disk, and through fsspec where
            ``filename`` is a URL.
        file_cache (dict | None): Arguments of :class:`.FileCache`, ``folder`` and ``gb``, which
            keeps files with a URL on a local disk. Defaults to None.
    """

    def __init__(
        self,
        backend: str = 'auto',
        max_age: float | None = None,
        backend_args: dict | None = None,
        file_cache: dict | None = None,
    ) -> None:
        self.backend = backend
        self.max_age = max_age
        self.backend_args = backend_args
        self.file_cache = file_cache and FileCache(**file_cache)

    def transform(self, results: dict) -> dict:
        """Open the file.

        Raises:
            MediaError: If the file cannot be opened or has no duration.
        """
        source = self._source(results['filename'])
        reader = results['reader'] = open_media(source, self.backend, self.max_age)
        if not results.get('duration'):
            results['duration'] = reader.measured_duration()
        results['file_has_audio'] = results.pop('has_audio', reader.info.has_audio)
        if not results['duration'] > 0:
            raise MediaError(results['filename'], 'its duration is not known')
        return results

    def _source(self, filename: str) -> Source:
        if self.backend_args is None:
            return source_of(filename, self.file_cache)
        storage = get_file_backend(backend_args=self.backend_args, enable_singleton=True)
        try:
            data = storage.get(filename)
        except Exception as error:  # each storage has its own
            raise MediaError(filename, f'{type(error).__name__}: {error}') from error
        if data is None:
            raise MediaError(filename, 'the storage has no such file')
        return Data(filename, bytes(data))


@TRANSFORMS.register_module()
class AVDecode(BaseTransform):
    """Decode the frames and the sound of all windows in one pass over the file, then close it.

    Required keys: ``reader``, ``frame_times``, ``audio_windows``, ``file_has_audio``.

    Added keys: ``imgs`` (flat list of M * T uint8 RGB arrays (H, W, 3)), ``img_shape``,
    ``original_shape``; ``audio_waveforms`` (list of M float32 arrays (S_k,), zeros where there is
    no sound); ``has_audio`` ((M,) bool, False where the file has no sound or the window is
    silent).

    Removed keys: ``reader``, which is closed; ``keep_open`` (bool, optional) leaves it open.

    Args:
        sample_rate (int): Sampling rate in Hz that the sound is converted to. Defaults to 16000.
        with_video (bool): Whether to decode the frames; use False for audio files.
            Defaults to True.
        with_audio (bool): Whether to decode the sound. Defaults to True.
        silence_level (float): RMS level in dB of full scale below which a window counts as silent.
            Defaults to -60.
    """

    reads_windows = True

    def __init__(
        self,
        sample_rate: int = 16000,
        with_video: bool = True,
        with_audio: bool = True,
        silence_level: float = -60.0,
    ) -> None:
        self.sample_rate = sample_rate
        self.with_video = with_video
        self.with_audio = with_audio
        self.min_rms = 10 ** (silence_level / 20)

    def transform(self, results: dict) -> dict:
        """Decode the windows.

        Raises:
            MediaError: If the windows cannot be decoded.
        """
        frame_times = results['frame_times'] if self.with_video else []
        listen = self.with_audio and results['file_has_audio']
        windows = results['audio_windows'] if listen else []
        reader = results.pop('reader')
        with nullcontext() if results.pop('keep_open', False) else reader:
            clips = reader.read(frame_times, windows, sample_rate=self.sample_rate)
        if self.with_video:
            imgs = _without_shared_memory(img for frames in clips.frames for img in frames)
            results['imgs'] = imgs
            results['img_shape'] = results['original_shape'] = imgs[0].shape[:2]
        if self.with_audio:
            self._set_audio(results, clips.audio if listen else [None] * results['num_clips'])
        return results

    def _set_audio(self, results: dict, waveforms: list[np.ndarray | None]) -> None:
        sizes = [round((end - start) * self.sample_rate) for start, end in results['audio_windows']]
        results['audio_waveforms'] = [
            np.zeros(size, dtype=np.float32) if waveform is None else waveform
            for waveform, size in zip(waveforms, sizes)
        ]
        results['has_audio'] = np.array(
            [
                np.sqrt(np.mean(waveform**2)) >= self.min_rms
                for waveform in results['audio_waveforms']
            ]
        )


def _without_shared_memory(imgs) -> list[np.ndarray]:
    """Copy arrays that stand for several frames, as transforms such as Flip write in place."""
    seen = set()
    distinct = []
    for img in imgs:
        distinct.append(img.copy() if id(img) in seen else img)
        seen.add(id(img))
    return distinct
