"""The video and the audio network with their projections, as they are used after pre-training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model import BaseModel

from ..losses import full_precision

CLIPS_AT_ONCE = 16
"""Number of clips of a sample to encode at once when the features of each clip are kept."""


@MODELS.register_module()
class AVEncoder(BaseModel):
    r"""Features of video and audio clips, for evaluation and as a part of other models.

    .. math::
        h = pool(F(x)), \quad z = normalise(\psi(h))

    Inputs are ``dict(imgs=(N, M, 3, T, H, W), audios=(N, M, 1, L, F))`` with ``M`` windows per
    video; either modality may be missing.

    Args:
        backbone (dict, optional): Video encoder ``F_v``: :class:`R2Plus1D` or any of mmaction2's
            that takes clips ``(N, 3, T, H, W)``. Defaults to None: audio only.
        audio_backbone (dict, optional): Audio encoder ``F_a``, from ``(N, 1, L, F)`` to feature
            maps. Defaults to None: video only.
        neck (dict, optional): Projection of video features. Defaults to None: no ``z``.
        audio_neck (dict, optional): Projection of audio features. Defaults to None: no ``z``.
        channels_last (bool): Whether the video network keeps its tensors in channels-last order:
            about 1.5 times as fast on the CPU, same results up to rounding. Defaults to False.
        data_preprocessor (dict, optional): Config of a ``MultiModalDataPreprocessor`` with ``imgs``
            and ``audios``. Defaults to None.
        train_cfg (dict, optional): Unused. Defaults to None.
        test_cfg (dict, optional): Test settings. With ``dict(per_clip=True)``, :meth:`predict`
            keeps the features of each clip. Defaults to None.
        init_cfg (dict, optional): Initialisation config of the whole model. Defaults to None.
    """

    def __init__(
        self,
        backbone: dict | None = None,
        audio_backbone: dict | None = None,
        neck: dict | None = None,
        audio_neck: dict | None = None,
        channels_last: bool = False,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        parts = dict(
            backbone=backbone, audio_backbone=audio_backbone, neck=neck, audio_neck=audio_neck
        )
        for name, part in parts.items():
            setattr(self, name, None if part is None else MODELS.build(part))
        self.memory_format = torch.channels_last_3d if channels_last else torch.contiguous_format
        if self.backbone is not None:
            self.backbone.to(memory_format=self.memory_format)
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg

    def forward(
        self, inputs: dict[str, torch.Tensor], data_samples: SampleList = None, mode: str = 'tensor'
    ):
        """Run one of mmengine's modes.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.
            data_samples (list[ActionDataSample], optional): Labels, for ``'loss'`` and
                ``'predict'``.
            mode (str): Method to run: ``'tensor'``: :meth:`extract_feat`; ``'predict'``:
                :meth:`predict`; ``'loss'``: ``loss`` of the models that can be trained.
        """
        if mode == 'tensor':
            return self.extract_feat(inputs)
        if mode in ('loss', 'predict'):
            return getattr(self, mode)(inputs, data_samples)
        raise ValueError(f"mode must be 'tensor', 'predict' or 'loss', got {mode!r}")

    def loss(self, inputs: dict[str, torch.Tensor], data_samples: SampleList) -> dict:
        """Raise an error: this model cannot be trained."""
        raise NotImplementedError(f'{type(self).__name__} has no loss; it is for evaluation')

    @torch._disable_dynamo(recursive=False)  # the networks it calls are compiled
    def extract_feat(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Encode the clips of all modalities that have an encoder.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.

        Returns:
            dict: Pooled features ``h``, shape ``(N, M, C)``, by ``'video'`` and ``'audio'``.

        Raises:
            ValueError: If the video backbone takes images.
        """
        features = {}
        if 'imgs' in inputs and self.backbone is not None:
            try:
                features['video'] = encode(self.backbone, inputs['imgs'], self.memory_format)
            except RuntimeError as error:
                if 'to conv2d, but got input of size' not in str(error):
                    raise
                name = type(self.backbone).__name__
                raise ValueError(
                    f'{name} takes images (N, 3, H, W), but clips (N, 3, T, H, W) have a time '
                    'axis: use a backbone that takes clips, such as R2Plus1D'
                ) from error
        if 'audios' in inputs and self.audio_backbone is not None:
            features['audio'] = encode(self.audio_backbone, inputs['audios'])
        return features

    def project(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Project pooled features ``h`` ``(N, M, C)`` to unit vectors ``z`` ``(N, M, D)``.

        ``z`` is never in half precision, whatever the projection. Modalities without one are
        skipped.
        """
        necks = dict(video=self.neck, audio=self.audio_neck)
        return {
            name: full_precision(necks[name](h.flatten(0, 1))).unflatten(0, h.shape[:2])
            for name, h in features.items()
            if necks[name] is not None
        }

    def predict(self, inputs: dict[str, torch.Tensor], data_samples: SampleList) -> SampleList:
        """Add features, averaged over the clips of a sample, to the data samples.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.
            data_samples (list[ActionDataSample]): Samples; ``has_audio`` says which clips have
                sound.

        Returns:
            list[ActionDataSample]: Samples with the fields ``video_feat``, ``audio_feat`` (``h``,
            shape ``(C,)``), ``video_embedding`` and ``audio_embedding`` (``z``, shape ``(D,)``);
            the audio fields only if there is sound. With ``test_cfg=dict(per_clip=True)`` the
            fields are ``video_feat``, ``audio_feat`` (``h``, shape ``(M, C)``), ``clip_times``
            (start and end in seconds, shape ``(M, 2)``) and ``has_audio`` (shape ``(M,)``).

        Raises:
            ValueError: If the features of each clip are wanted and the pipeline packs no times.
        """
        if (self.test_cfg or {}).get('per_clip'):
            self._add_clip_features(inputs, data_samples)
            return data_samples
        self.add_features(self.extract_feat(inputs), inputs, data_samples)
        return data_samples

    def _add_clip_features(self, inputs: dict, data_samples: SampleList) -> None:
        starts = range(0, next(iter(inputs.values())).shape[1], CLIPS_AT_ONCE)
        parts = ({k: x[:, i : i + CLIPS_AT_ONCE] for k, x in inputs.items()} for i in starts)
        features = [self.extract_feat(part) for part in parts]  # the file may be long
        has_audio = stack_has_audio(inputs, data_samples)
        for i, sample in enumerate(data_samples):
            if 'audio_windows' not in sample:
                raise ValueError(
                    "per_clip needs 'audio_windows' in the meta_keys of PackActionInputs"
                )
            for name in features[0]:
                h = torch.cat([part[name][i] for part in features])
                sample.set_field(h.float(), f'{name}_feat')
            sample.set_field(np.array(sample.audio_windows), 'clip_times')
            sample.set_field(has_audio[i], 'has_audio')

    def add_features(
        self,
        features: dict[str, torch.Tensor],
        inputs: dict[str, torch.Tensor],
        data_samples: SampleList,
    ) -> None:
        """Write the fields of :meth:`predict` from given features."""
        embeddings = self.project(features)
        has_audio = stack_has_audio(inputs, data_samples)
        for i, sample in enumerate(data_samples):
            for name, h in features.items():
                clips = np.flatnonzero(has_audio[i]) if name == 'audio' else slice(None)
                if name == 'audio' and not len(clips):
                    continue
                sample.set_field(h[i, clips].mean(dim=0).float(), f'{name}_feat')
                if name in embeddings:
                    z = embeddings[name][i, clips].mean(dim=0)
                    sample.set_field(nn.functional.normalize(z, dim=0), f'{name}_embedding')


def encode(
    backbone: nn.Module,
    clips: torch.Tensor,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> torch.Tensor:
    """Encode clips ``(N, M, ...)`` and average over space and time: ``(N, M, C)``."""
    out = backbone(clips.flatten(0, 1).contiguous(memory_format=memory_format))
    return pool(out).unflatten(0, clips.shape[:2])


def pool(out: torch.Tensor | Sequence) -> torch.Tensor:
    """Pool the output of a backbone of mmaction2 to features ``(N, C)``.

    Features stay as they are (C3D, TimeSformer); maps ``(N, C, ...)`` are averaged. The maps of
    several pathways or stages (SlowFast) are averaged, then concatenated. If there are maps and a
    class token ``(N, C)`` (MViT), the token is used, as in mmaction2's own heads.
    """
    if isinstance(out, torch.Tensor):
        return out if out.dim() == 2 else out.flatten(2).mean(dim=2)
    if len(out) == 2 and [getattr(part, 'ndim', 0) == 2 for part in out] == [False, True]:
        return out[1]
    return torch.cat([pool(part) for part in out], dim=1)


def stack_has_audio(inputs: dict[str, torch.Tensor], data_samples: SampleList) -> np.ndarray:
    """Stack which clips have sound, bool ``(N, M)``; all of them if the pipeline does not say."""
    everywhere = np.ones(next(iter(inputs.values())).shape[1], bool)
    return np.stack([sample.get('has_audio', everywhere) for sample in data_samples])


@torch._disable_dynamo  # has_audio is a numpy array
def fill_silence(inputs: dict[str, torch.Tensor], has_audio: np.ndarray) -> dict[str, torch.Tensor]:
    """Replace missing sound by other sound of the batch, for training.

    Silence would affect the BatchNorm statistics. The features of replaced clips must not be used.

    Args:
        inputs (dict): Inputs with ``audios`` of shape ``(N, M, 1, L, F)``.
        has_audio (ndarray): Which clips have sound, bool, shape ``(N, M)``.

    Returns:
        dict: Inputs with filled ``audios``; unchanged if no clip has sound.
    """
    if 'audios' not in inputs or has_audio.all() or not has_audio.any():
        return inputs
    there, rows = np.flatnonzero(has_audio), np.arange(has_audio.size)
    rows = np.where(has_audio.ravel(), rows, there[rows % len(there)])
    audios = inputs['audios']
    rows = to_device(rows, audios.device)
    return dict(inputs, audios=audios.flatten(0, 1)[rows].view_as(audios))


@torch._disable_dynamo
def to_device(values: np.ndarray | list, device: torch.device) -> torch.Tensor:
    """Copy a few numbers to a device, without waiting for it."""
    return torch.from_numpy(np.asarray(values)).to(device, non_blocking=True)
