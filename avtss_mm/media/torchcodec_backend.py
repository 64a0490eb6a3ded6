"""Reads frames with torchcodec, and metadata and sound with PyAV."""

from __future__ import annotations

import numpy as np
import torchcodec
from torchcodec.decoders import VideoDecoder

from .base import TOLERANCE
from .fallback_reader import ForeignReader

if torchcodec.ffmpeg_major_version is None:  # since 0.17 the import succeeds nevertheless
    raise ImportError('it finds no shared FFmpeg of the system')


class TorchCodecReader(ForeignReader):
    """Reads frames with torchcodec in its exact mode.

    PyAV reads the frames of avi, mpg and ts files, which torchcodec misplaces, and the sound of all
    files: torchcodec decodes a track from its beginning for every window, ignoring its timestamps.
    """

    def _open_decoder(self):
        if self._container.format.name in ('avi', 'mpeg', 'mpegts'):
            return None
        return VideoDecoder(
            self._decoder_source.open(),
            seek_mode='exact',
            num_ffmpeg_threads=1,
            dimension_order='NHWC',
        )

    def _foreign_frames(self, times):
        facts = self._decoder.metadata
        wanted = np.maximum(times, 0) + facts.begin_stream_seconds + TOLERANCE
        inside = wanted[wanted < facts.end_stream_seconds]
        images, pts = [], np.full(len(times), np.nan)
        if len(inside):
            batch = self._decoder.get_frames_played_at(inside.tolist())
            images, pts[: len(inside)] = list(batch.data.numpy()), batch.pts_seconds.numpy()
        if len(inside) < len(times):  # torchcodec refuses times at or after the end
            last = self._decoder.get_frame_at(len(self._decoder) - 1)
            images += [last.data.numpy()] * (len(times) - len(inside))
            pts[len(inside) :] = last.pts_seconds
        return images, pts - facts.begin_stream_seconds
