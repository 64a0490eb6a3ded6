"""Vectors of the chunks by which a file is recognised."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from mmaction.registry import TRANSFORMS
from mmengine.config import Config

from ..apis.clip_reader import INPUTS, Clips
from ..apis.embedder import ClipFeatures, Embedder
from ..apis.encoder import config_of_checkpoint, read_checkpoint
from ..datasets.transforms import MelSpectrogram, SlidingAVClips
from ..datasets.transforms.evaluation_sampling import EvaluationSampler
from ..utils.config import read_config
from .choices import LETTERS, MODALITIES, SIDES
from .descriptors import with_descriptors

STILL_RANGE = 8
"""Levels (of 255) by which a pixel may vary within a chunk without counting as moved: noise."""

STILL_SHARE = 0.01
"""Share of pixels that must move in a chunk; otherwise it is a still picture."""


class ChunkEmbedder(Embedder):
    """An :class:`Embedder` that adds fingerprints without learning (:mod:`.descriptors`).

    What it computes of still pictures is NaN.

    A still picture is a chunk in which less than 1 % of the pixels (of the network's input,
    averaged over channels) vary by more than 8 of 255 levels: a title, a slide, a black screen.
    Such chunks appear in many videos, or say no more about a video than a single frame.
    """

    def encode(self, clips: Clips) -> dict[str, ClipFeatures]:
        features = super().encode(clips)
        for name, rows in clips.descriptors.items():
            learned = features[MODALITIES[SIDES[LETTERS[name]]][0]]
            features[name] = replace(learned, feat=rows.copy(), embedding=None)
        still = _is_still(clips.inputs[INPUTS['video']]) if 'video' in features else False
        for name in features.keys() & {'video', 'phash'}:
            features[name].feat[still] = np.nan
        return features


def chunk_embedder(
    checkpoint: str,
    config: str | Config | None = None,
    stride: float = 1.0,
    chunk: float = 2.0,
    device: str | None = None,
    batch_size: int = 16,
    descriptors: Collection[str] = (),
) -> Embedder:
    """Makes an embedder of chunks: the checkpoint's clips, lengthened to ``chunk`` seconds.

    Frame rate, size and log-mel are those of the config's ``feature_pipeline``; the networks pool
    over the additional frames and columns of a chunk.

    Args:
        checkpoint: Checkpoint of training, ``'shipped'``, or ``'random'`` for seeded random
            weights.
        config: Config that the checkpoint was trained with. Defaults to None: the config stored in
            the checkpoint.
        stride: Seconds from a chunk to the next: 1 in references, 0.5 in queries.
        chunk: Length of a chunk in seconds. Defaults to 2.
        device: Device to compute on. Defaults to None: a GPU if there is one.
        batch_size: Number of chunks per forward pass. Defaults to 16.
        descriptors: Fingerprints to add, of :func:`.installed`. Defaults to none.

    Raises:
        FileNotFoundError: If there is no such checkpoint or config.
        ValueError: If the config has no ``feature_pipeline`` with a sampler for evaluation.
    """
    if checkpoint != 'random':
        checkpoint = read_checkpoint(checkpoint)
    config = config_of_checkpoint(checkpoint) if config is None else config
    config = copy.deepcopy(config) if isinstance(config, Config) else read_config(config)
    if config.get('feature_pipeline') is not None:
        pipeline = stretch(config.feature_pipeline, stride, chunk)
        config.feature_pipeline = with_descriptors(pipeline, descriptors)
    return ChunkEmbedder(checkpoint, config, device, batch_size)


def stretch(pipeline: list[dict], stride: float, chunk: float) -> list[dict]:
    """Changes a ``feature_pipeline`` to clips of ``chunk`` seconds every ``stride`` seconds."""
    built = [TRANSFORMS.build(step) for step in pipeline]
    sampler = next((step for step in built if isinstance(step, EvaluationSampler)), None)
    if sampler is None:
        raise ValueError('feature_pipeline needs UniformSampleAVClips or SlidingAVClips')
    windows = dict(
        type=SlidingAVClips.__name__,
        stride=stride,
        clip_len=round(chunk * sampler.video_fps),
        video_fps=sampler.video_fps,
        clip_duration=chunk,
    )
    stretched = []
    for step, transform in zip(pipeline, built):
        if isinstance(transform, EvaluationSampler):
            step = windows
        elif isinstance(transform, MelSpectrogram):
            columns = transform.num_columns * chunk / sampler.audio_duration
            step = dict(step, num_columns=int(columns + 1e-6))
        stretched.append(step)
    return stretched


def usable_chunks(features: ClipFeatures, modality: str) -> tuple[np.ndarray, np.ndarray]:
    """Selects the chunks by which a file can be recognised.

    Chunks without sound and, with a :func:`chunk_embedder`, still pictures are dropped. Their
    number is ``len(features.times) - len(times)``.

    Args:
        features: Features of M chunks.
        modality: Name of the descriptor.

    Returns:
        tuple: Start and end of each chunk in seconds (n, 2), and unit vectors (n, C) float32.
    """
    norms = np.linalg.norm(features.feat, axis=1)
    usable = np.isfinite(norms) & (norms > 0)
    if SIDES[LETTERS[modality]] == 'a':
        usable &= features.has_audio
    vectors = features.feat[usable] / norms[usable, None]
    return features.times[usable], vectors.astype(np.float32)


def _is_still(clips: np.ndarray) -> np.ndarray:
    """Which of the clips, uint8 (m, 3, T, H, W), do not move (m,)."""
    frames = clips.mean(axis=1, dtype=np.float32)  # m, T, H, W
    moved = np.ptp(frames, axis=1) > STILL_RANGE
    return moved.mean(axis=(1, 2)) < STILL_SHARE
