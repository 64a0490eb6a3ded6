"""Fingerprints without learning, kept beside the learned features of a chunk.

The *perceptual hash* of its frames says more than a network where a picture keeps its geometry,
*Chromaprint* where a sound keeps its pitch. Both are bits, stored as +1 and -1: the cosine
similarity of two is 1 - 2 x the share of bits that differ.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection

import numpy as np
from mmaction.registry import TRANSFORMS
from mmcv.transforms import BaseTransform

from .choices import NEEDED, installed

HASHED = 2
"""Number of frames of a chunk that are hashed."""

STEP = 4096 / 3 / 11025
"""Seconds from a number of Chromaprint to the next."""

KEPT = 4
"""A chunk has each fourth of Chromaprint's numbers: neighbours say almost the same."""

BITS = 32
RATE = 11025
"""Sample rate in Hz to which Chromaprint resamples what it reads."""

REACH = 3.0
"""Seconds of sound after its time that a number of Chromaprint sums up."""


def with_descriptors(pipeline: list[dict], names: Collection[str]) -> list[dict]:
    """Adds the steps that compute fingerprints to a ``feature_pipeline``.

    Args:
        pipeline: Configs of the transforms.
        names: Names of fingerprints, of :func:`.installed`.
    """
    extended = []
    for step in pipeline:
        if step['type'] == 'AVDecode' and 'chromaprint' in names:
            extended.append(dict(type=Chromaprint.__name__))
        if step['type'] == 'PackActionInputs' and 'phash' in names:
            extended.append(dict(type=PerceptualHash.__name__))
        extended.append(step)
    return extended


@TRANSFORMS.register_module()
class PerceptualHash(BaseTransform):
    """Adds the perceptual hashes (package ``imagehash``, 64 bits each) of two frames of each clip.

    Required keys: ``imgs`` (uint8 (m, 3, T, H, W)). Added keys: ``descriptors``, with ``'phash'``
    (m, 128) float32. Raises ``ImportError`` if the package is missing.
    """

    modality = 'video'

    def __init__(self) -> None:
        _require('phash')

    def transform(self, results: dict) -> dict:
        clips = np.asarray(results['imgs'])
        places = (np.arange(HASHED) * 2 + 1) * clips.shape[2] // (2 * HASHED)
        frames = clips[:, :, places].transpose(0, 2, 3, 4, 1)  # m, HASHED, H, W, 3
        rows = np.stack([np.concatenate([hash_bits(f) for f in clip]) for clip in frames])
        results.setdefault('descriptors', {})['phash'] = rows
        return results


@TRANSFORMS.register_module()
class Chromaprint(BaseTransform):
    """Adds Chromaprint (program ``fpcalc``) of the sound that starts in each window.

    Required keys: ``reader``, ``audio_windows``, ``file_has_audio``. Added keys: ``descriptors``,
    with ``'chromaprint'`` (m, D) float32; zeros where there is no sound. Raises ``ImportError``
    if the program is missing.
    """

    modality = 'audio'
    reads_windows = True

    def __init__(self) -> None:
        _require('chromaprint')

    def transform(self, results: dict) -> dict:
        windows = np.array(results['audio_windows'])
        start, end = windows[:, 0].min(), windows[:, 1].max() + REACH
        numbers = np.zeros(0, np.uint32)
        if results['file_has_audio']:
            sound = results['reader'].read((), [(start, end)], RATE).audio[0]
            numbers = chromaprint_of(sound)
        rows = chromaprint_bits(numbers, windows - start)[:, ::KEPT]
        results.setdefault('descriptors', {})['chromaprint'] = rows.reshape(len(rows), -1)
        return results


STEPS = (PerceptualHash.__name__, Chromaprint.__name__)
"""Types of the steps that :func:`with_descriptors` adds."""


def _require(name: str) -> None:
    if name not in installed():
        raise ImportError(f'{NEEDED[name]} is not installed')


def hash_bits(frame: np.ndarray, size: int = 8) -> np.ndarray:
    """Perceptual hash of an RGB frame, uint8 (H, W, 3): +1 and -1 (size ** 2,) float32."""
    import imagehash
    from PIL import Image

    return 2 * imagehash.phash(Image.fromarray(frame), size).hash.ravel().astype(np.float32) - 1


def chromaprint_of(sound: np.ndarray) -> np.ndarray:
    """Chromaprint of mono sound, float32 (n,) at 11,025 Hz: numbers (k,) uint32, k may be 0."""
    samples = (sound.clip(-1, 1) * 32767).astype('<i2').tobytes()
    command = ['fpcalc', '-format', 's16le', '-rate', str(RATE), '-channels', '1', '-length', '0']
    done = subprocess.run([*command, '-raw', '-json', '-'], input=samples, capture_output=True)
    if not done.stdout.strip():  # too short
        return np.zeros(0, np.uint32)
    return np.array(json.loads(done.stdout)['fingerprint'], np.uint32)


def chromaprint_bits(numbers: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Bits of the numbers of the sound that starts in each window.

    Args:
        numbers: Numbers of Chromaprint (k,) uint32, one each ``STEP`` seconds.
        windows: Start and end in seconds, all equally long (m, 2).

    Returns:
        +1, -1, and 0 after the end of the sound (m, numbers of a window, 32) float32.
    """
    bits = np.unpackbits(numbers.astype('<u4').view(np.uint8)).reshape(-1, BITS)
    count = round((windows[0, 1] - windows[0, 0]) / STEP)
    signs = np.zeros((len(bits) + count, BITS), np.float32)
    signs[: len(bits)] = 2.0 * bits - 1
    first = np.minimum(np.round(windows[:, 0] / STEP).astype(int), len(bits))
    return np.stack([signs[i : i + count] for i in first])
