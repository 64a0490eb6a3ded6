"""Fingerprints without learning: perceptual hashes of frames, Chromaprint of audio."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import torch
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.logging import print_log
from mmengine.model import BaseModel

from ..descriptors import chromaprint_bits, hash_bits


@MODELS.register_module()
class HashEncoder(BaseModel):
    """Hash bits (+1 and -1) as features: cosine similarity is 1 - 2 x Hamming distance.

    The video feature of a clip consists of the perceptual hashes (package ``imagehash``) of its
    frames. The audio feature is its Chromaprint, if the command ``fpcalc`` is installed. The model
    is for testing only, instead of an :class:`AVEncoder` with features of each clip.

    Args:
        hash_size (int): Side of the hash of a frame, which has ``hash_size ** 2`` bits.
            Defaults to 8.
        data_preprocessor (dict, optional): A ``MultiModalDataPreprocessor`` that leaves ``imgs``
            between 0 and 255. Defaults to None.

    Raises:
        ImportError: If the package ``imagehash`` is not installed.
    """

    def __init__(self, hash_size: int = 8, data_preprocessor: dict | None = None) -> None:
        super().__init__(data_preprocessor=data_preprocessor)
        try:
            import imagehash  # noqa: F401
        except ImportError as error:
            raise ImportError('HashEncoder needs: pip install imagehash') from error
        self.hash_size = hash_size
        if shutil.which('fpcalc') is None:
            print_log(
                'fpcalc is not installed: no fingerprints of sound (Debian: apt install '
                'libchromaprint-tools)',
                logger='current',
            )

    def forward(self, inputs: dict, data_samples: SampleList = None, mode: str = 'tensor'):
        """Add ``video_feat``, ``audio_feat`` and ``clip_times`` to the samples.

        Args:
            inputs (dict): RGB clips ``imgs`` of shape ``(N, M, 3, T, H, W)``; without them, only
                audio features are added.
            data_samples (list[ActionDataSample]): Samples with ``audio_windows`` and ``filename``.
            mode (str): Mode, which must be ``'predict'``.
        """
        if mode != 'predict':
            raise NotImplementedError('HashEncoder is for tests only')
        for i, sample in enumerate(data_samples):
            times = np.array(sample.audio_windows)
            sample.set_field(times, 'clip_times')
            if 'imgs' in inputs:
                video = self._hash_clips(inputs['imgs'][i])
                sample.set_field(torch.from_numpy(video), 'video_feat')
            sound = chromaprint(sample.filename, times)
            if sound is not None:
                there = np.abs(sound).max(axis=1) > 0
                sample.set_field(torch.from_numpy(sound), 'audio_feat')
                sample.set_field(there, 'has_audio')
        return data_samples

    def _hash_clips(self, clips: torch.Tensor) -> np.ndarray:
        frames = clips.permute(0, 2, 3, 4, 1).round().clamp(0, 255).byte().cpu().numpy()
        rows = [np.concatenate([hash_bits(f, self.hash_size) for f in clip]) for clip in frames]
        return np.stack(rows)


def chromaprint(path: str, windows: np.ndarray) -> np.ndarray | None:
    """Compute Chromaprint's bits of the sound that starts in each window.

    Args:
        path (str): Path of a file with sound.
        windows (ndarray): Start and end in seconds, all equally long (M, 2).

    Returns:
        ndarray or None: Bits of shape ``(M, D)``, float32: 1, -1, and 0 after the end of the sound.
        None if ``fpcalc`` is not installed or finds too little sound.
    """
    program = shutil.which('fpcalc')
    if program is None:
        return None
    command = [program, '-raw', '-json', '-length', '0', path]
    result = subprocess.run(command, capture_output=True, text=True)
    if not result.stdout.strip():  # with some libraries, fpcalc fails at the end of good files
        return None
    numbers = np.array(json.loads(result.stdout)['fingerprint'], np.uint32)
    return chromaprint_bits(numbers, windows).reshape(len(windows), -1)
