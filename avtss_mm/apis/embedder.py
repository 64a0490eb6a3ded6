"""Computes features with times from a checkpoint and a file."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device

from .clip_reader import INPUTS, ClipReader, Clips
from .encoder import SHIPPED, Checkpoint, load_encoder


@dataclass(frozen=True)
class ClipFeatures:
    """Features of M clips of a file in one modality.

    Attributes:
        times: Start and end of each clip in seconds (M, 2).
        feat: Pooled features ``h`` (M, C) float32.
        embedding: Projections ``z`` of the features (M, D) float32, unit vectors; those of video
            and audio of a model are comparable. ``None`` if the model has no projection.
        has_audio: Whether each clip has sound (M,); True for video.
    """

    times: np.ndarray
    feat: np.ndarray
    embedding: np.ndarray | None
    has_audio: np.ndarray

    def mean(self) -> ClipFeatures:
        """Average the clips that have sound into one clip that represents the file.

        The mean of ``embedding`` is normalised again. Without any sound both are NaN.
        """
        embedding = self.embedding
        if embedding is not None:
            embedding = self._mean(embedding)
            embedding = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
        return ClipFeatures(
            times=np.array([[self.times[:, 0].min(), self.times[:, 1].max()]]),
            feat=self._mean(self.feat),
            embedding=embedding,
            has_audio=self.has_audio.any(keepdims=True),
        )

    def _mean(self, rows: np.ndarray) -> np.ndarray:
        if not self.has_audio.any():
            return np.full_like(rows[:1], np.nan)
        return rows[self.has_audio].mean(axis=0, keepdims=True)


class Embedder:
    """Computes features of video and audio files, in any container that FFmpeg reads.

    The ``feature_pipeline`` of the config defines the clips; ``num_clips`` or ``stride`` change
    their positions. Long files are read and encoded ``batch_size`` clips at a time.

    Args:
        checkpoint: Checkpoint of training, as a path or read by :func:`read_checkpoint`;
            ``'random'`` for seeded random weights. Defaults to ``'shipped'``: a small model for
            finding copies, see docs/fingerprint.md.
        config: Config that the checkpoint was trained with. Defaults to None: the config stored in
            the checkpoint.
        device: Device to compute on. Defaults to None: a GPU if there is one.
        batch_size: Number of clips per forward pass. Defaults to 16.
        num_clips: Number of clips per file, spread evenly over it. Defaults to None: as the config
            says.
        stride: Seconds from a clip to the next, over the whole file. Defaults to None: as the
            config says.

    Raises:
        FileNotFoundError: If there is no such checkpoint or config.
        ValueError: If the config has no ``feature_pipeline`` or no encoder.
    """

    def __init__(
        self,
        checkpoint: str | Checkpoint = SHIPPED,
        config: str | Config | None = None,
        device: str | None = None,
        batch_size: int = 16,
        num_clips: int | None = None,
        stride: float | None = None,
    ) -> None:
        self.device = device
        self.model, self.config = load_encoder(checkpoint, config, device)
        self.batch_size = batch_size
        self._windows = dict(num_clips=num_clips, stride=stride)
        encoders = dict(video=self.model.backbone, audio=self.model.audio_backbone)
        self.modalities = tuple(name for name, net in encoders.items() if net is not None)
        self._readers = {}
        self.clip_reader(self.modalities)

    def __getstate__(self) -> dict:
        return {**vars(self), 'model': copy.deepcopy(self.model).cpu()}

    def __setstate__(self, state: dict) -> None:
        """Arrives in another process, perhaps of a machine with other devices."""
        vars(self).update(state)
        self.model.to(get_device() if self.device is None else torch.device(self.device).type)

    def embed_video(self, path) -> ClipFeatures:
        """Compute the video features of a file.

        Raises:
            MediaError: If the file cannot be read or has no video.
            ValueError: If the model has no video encoder.
        """
        return self._embed(path, ('video',))['video']

    def embed_audio(self, path) -> ClipFeatures:
        """Compute the audio features of an audio file or a video.

        Raises:
            MediaError: If the file cannot be read or has no audio track.
            ValueError: If the model has no audio encoder.
        """
        return self._embed(path, ('audio',))['audio']

    def embed(self, path) -> dict[str, ClipFeatures]:
        """Compute video and audio features, by ``'video'`` and ``'audio'``, in one pass.

        For a video without sound, ``has_audio`` of ``'audio'`` is False in every clip.

        Raises:
            MediaError: If the file cannot be read or has no video.
        """
        return self._embed(path, self.modalities)

    def clip_reader(self, modalities: tuple[str, ...]) -> ClipReader:
        """Reader that cuts files into clips for :meth:`encode`; it can be sent to processes."""
        missing = [name for name in modalities if name not in self.modalities]
        if missing:
            raise ValueError(f'this model has no {missing[0]} encoder, only {self.modalities[0]}')
        if modalities not in self._readers:
            pipeline = self.config.get('feature_pipeline')
            if pipeline is None:
                raise ValueError(
                    'the config has no feature_pipeline, which says how to cut files into clips: '
                    "copy one from configs/_base_/datasets/, or name the checkpoint's own config"
                )
            self._readers[modalities] = ClipReader(pipeline, modalities, **self._windows)
        return self._readers[modalities]

    @torch.inference_mode()
    def encode(self, clips: Clips) -> dict[str, ClipFeatures]:
        """Compute the features of given clips, by modality."""
        inputs = {key: [torch.from_numpy(array)] for key, array in clips.inputs.items()}
        preprocess = _without_compiler(self.model.data_preprocessor.forward)
        batch = preprocess(dict(inputs=inputs, data_samples=None))
        features = _without_compiler(self.model.extract_feat)(batch['inputs'])
        embeddings = self.model.project(features)
        return {
            name: ClipFeatures(
                times=clips.times[name],
                feat=_to_numpy(features[name]),
                embedding=_to_numpy(embeddings[name]) if name in embeddings else None,
                has_audio=clips.has_audio if name == 'audio' else np.ones(len(clips), bool),
            )
            for name in INPUTS
            if name in features
        }

    def weights_sha256(self) -> str:
        """Hash that identifies these weights, wherever they are stored."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def _embed(self, path, modalities: tuple[str, ...]) -> dict[str, ClipFeatures]:
        reader = self.clip_reader(modalities)
        return join(self.encode(clips) for clips in reader.read(path, self.batch_size))


def join(parts: Iterable[dict[str, ClipFeatures]]) -> dict[str, ClipFeatures]:
    """Concatenate the features of consecutive parts of a file."""
    parts = list(parts)
    return {
        name: ClipFeatures(
            *(
                None if values[0] is None else np.concatenate(values)
                for values in zip(*(vars(part[name]).values() for part in parts))
            )
        )
        for name in parts[0]
    }


def _without_compiler(method: Callable) -> Callable:
    """Undo ``torch._disable_dynamo``, which imports torch's compiler when it is called."""
    plain = getattr(method, '__wrapped__', None)
    return method if plain is None else partial(plain, method.__self__)


def _to_numpy(clips: torch.Tensor) -> np.ndarray:
    """Convert (1, m, C) to (m, C) float32."""
    return clips[0].float().cpu().numpy()
