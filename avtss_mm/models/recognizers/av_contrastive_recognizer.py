"""Audio-visual contrastive learning with temporal self-supervision, top to bottom."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
from mmaction.models import BaseRecognizer
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model import ModuleDict

CLIP_LABELS = ('video_speed', 'audio_speed', 'video_direction', 'audio_direction', 'clip_order')


@MODELS.register_module()
class AVContrastiveRecognizer(BaseRecognizer):
    r"""AVTSS pre-training (Jenni, Black and Collomosse, AAAI 2023).

    `Audio-Visual Contrastive Learning with Temporal Self-Supervision
    <https://arxiv.org/abs/2302.07702>`_. Follows the abstract and the published claims; other
    choices are ours. From each of a video's two windows comes one video clip and its sound:

    .. math::
        h = pool(F(x)), \quad z = normalise(\psi(h)), \quad
        L = L_{v2v} + \frac{1}{2}(L_{v2a} + L_{a2v}) + L_{temporal}

    The contrastive head reads ``z``; the pretext heads read ``h``. A clip without sound (label
    ``has_audio``) takes part in the video terms only.

    Inputs are ``dict(imgs=(N, M, 3, T, H, W), audios=(N, M, 1, L, F))`` with ``M`` windows of each
    video; for training ``M = 2``. For evaluation either modality may be left out.

    Args:
        backbone (dict): Video encoder ``F_v``: :class:`R2Plus1D` or any 3-D backbone of mmaction2.
        audio_backbone (dict): Audio encoder ``F_a``, from ``(N, 1, L, F)`` to feature maps.
        neck (dict): Projection of video features.
        audio_neck (dict): Projection of audio features.
        contrastive_head (dict, optional): The terms v2v, v2a, a2v (and a2a). Without it only the
            pretext tasks are learned. Defaults to None.
        pretext_heads (dict[str, dict], optional): Temporal tasks by name; their losses are called
            ``loss_<name>``. A name with None is left out. Defaults to None.
        queue (dict, optional): The :class:`FeatureQueue`, built once for each modality. Without
            it there are no neighbour terms. Defaults to None.
        channels_last (bool): Keep the video network's tensors in channels-last order; about 1.5
            times as fast on the CPU, same results up to rounding. Defaults to False.
        data_preprocessor (dict, optional): A ``MultiModalDataPreprocessor`` with ``imgs`` and
            ``audios``. Defaults to None.
        train_cfg (dict, optional): Unused. Defaults to None.
        test_cfg (dict, optional): ``dict(pretext=True)`` makes :meth:`predict` add the answers of
            the pretext heads. Defaults to None.

    Raises:
        ValueError: If neighbours are asked for beyond the end of the queue.
    """

    def __init__(
        self,
        backbone: dict,
        audio_backbone: dict,
        neck: dict,
        audio_neck: dict,
        contrastive_head: dict | None = None,
        pretext_heads: dict[str, dict] | None = None,
        queue: dict | None = None,
        channels_last: bool = False,
        data_preprocessor: dict | None = None,
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            backbone,
            neck=neck,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
        )
        self.memory_format = torch.channels_last_3d if channels_last else torch.contiguous_format
        self.backbone.to(memory_format=self.memory_format)
        self.audio_backbone = MODELS.build(audio_backbone)
        self.audio_neck = MODELS.build(audio_neck)
        self.contrastive_head = MODELS.build(contrastive_head) if contrastive_head else None
        pretext_heads = {k: MODELS.build(v) for k, v in (pretext_heads or {}).items() if v}
        self.pretext_heads = ModuleDict(pretext_heads)
        queue = queue if self.contrastive_head is not None else None  # it alone searches them
        modalities = ('video', 'audio') if queue else ()
        self.queues = nn.ModuleDict({name: MODELS.build(queue) for name in modalities})
        if queue and self.contrastive_head.largest_rank > queue['length']:
            raise ValueError(
                f'neighbours up to rank {self.contrastive_head.largest_rank} are asked for, but '
                f'the queue has {queue["length"]} entries: lower contrastive_head.negative_ranks'
            )

    @torch.compiler.disable(recursive=False)  # which clips have sound is known to numpy
    def extract_feat(
        self, inputs: dict[str, torch.Tensor], has_audio: np.ndarray | None = None
    ) -> dict[str, torch.Tensor]:
        """Encode clips.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.
            has_audio (ndarray, optional): Bool, shape ``(N, M)``. Sound that is not there is
                replaced by other sound of the batch, so that it does not reach the BatchNorm
                statistics; nobody may use its feature. Defaults to None (all there).

        Returns:
            dict: Pooled features ``h``, shape ``(N, M, C)``, by ``'video'`` and ``'audio'``.
        """
        features = {}
        if 'imgs' in inputs:
            features['video'] = _encode(self.backbone, inputs['imgs'], self.memory_format)
        if 'audios' in inputs:
            audios = inputs['audios']
            if has_audio is not None and has_audio.any() and not has_audio.all():
                there = np.flatnonzero(has_audio)
                rows = np.arange(has_audio.size)
                rows = np.where(has_audio.ravel(), rows, there[rows % len(there)])
                rows = torch.from_numpy(rows).to(audios.device)
                audios = audios.flatten(0, 1)[rows].view_as(audios)
            features['audio'] = _encode(self.audio_backbone, audios)
        return features

    @torch.compiler.disable(recursive=False)  # what it calls is compiled, its own lists are not
    def loss(
        self, inputs: dict[str, torch.Tensor], data_samples: SampleList, **kwargs
    ) -> dict[str, torch.Tensor]:
        """Compute the losses and what tells whether they mean something.

        Args:
            inputs (dict): ``imgs`` and ``audios``, see the class.
            data_samples (list[ActionDataSample]): With the labels of ``SampleAVClips``.

        Returns:
            dict: ``loss_*`` (weighted), ``acc_*`` of the pretext tasks, ``top1_*`` and
            ``chance_nce`` of the contrastive terms, ``feat_std_v`` and ``feat_std_a`` (spread of
            ``z``: 1 when it fills the sphere, 0 when it has collapsed) and ``audio_share``.
        """
        has_audio = np.stack([sample.has_audio for sample in data_samples])  # N, 2
        features = self.extract_feat(inputs, has_audio)
        device = features['video'].device
        valid = _valid_clips(has_audio, device)
        labels = _stack_labels(data_samples, device)
        embeddings = self.project(features)

        results = {}
        for name, head in self.pretext_heads.items():
            for key, value in head.loss(features, valid, labels).items():
                results[f'{key}_{name}'] = value
        if self.contrastive_head is not None:
            ids = torch.tensor([sample.sample_idx for sample in data_samples], device=device)
            with torch.autocast(device.type, enabled=False):  # similarities in float32
                results.update(self.contrastive_head.loss(embeddings, valid, ids, self.queues))
        for name, z in embeddings.items():
            variance = z.detach().flatten(0, 1).var(dim=0, correction=0)  # D
            results[f'feat_std_{name[0]}'] = variance.sum().sqrt()
        results['audio_share'] = torch.tensor(has_audio.mean())
        return results

    def _forward(self, inputs: dict[str, torch.Tensor], **kwargs) -> dict[str, torch.Tensor]:
        """Mode ``'tensor'``: the pooled features of :meth:`extract_feat`."""
        return self.extract_feat(inputs)

    def project(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Turn pooled features ``h`` ``(N, M, C)`` into unit vectors ``z`` ``(N, M, D)``."""
        necks = dict(video=self.neck, audio=self.audio_neck)
        return {
            name: necks[name](h.flatten(0, 1)).unflatten(0, h.shape[:2])
            for name, h in features.items()
        }

    def predict(
        self, inputs: dict[str, torch.Tensor], data_samples: SampleList, **kwargs
    ) -> SampleList:
        """Put features, averaged over a sample's clips, into the data samples.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.
            data_samples (list[ActionDataSample]): Their ``has_audio`` says which clips have sound.

        Returns:
            list[ActionDataSample]: With the fields ``video_feat``, ``audio_feat`` (``h``, shape
            ``(C,)``), ``video_embedding`` and ``audio_embedding`` (``z``, shape ``(D,)``), those
            of sound only if there is any; with ``test_cfg=dict(pretext=True)`` also ``pretext``:
            prediction and label ``(K,)`` of each pretext head by name.
        """
        num_clips = next(iter(inputs.values())).shape[1]
        everywhere = np.ones(num_clips, bool)
        has_audio = np.stack([sample.get('has_audio', everywhere) for sample in data_samples])
        features = self.extract_feat(inputs)
        embeddings = self.project(features)
        for i, sample in enumerate(data_samples):
            for name, h in features.items():
                clips = has_audio[i] if name == 'audio' else everywhere
                if clips.any():
                    z = embeddings[name][i, clips].mean(dim=0)
                    sample.set_field(h[i, clips].mean(dim=0).float(), f'{name}_feat')
                    sample.set_field(nn.functional.normalize(z, dim=0), f'{name}_embedding')
        if (self.test_cfg or {}).get('pretext'):
            device = features['video'].device
            valid = _valid_clips(has_audio, device)
            labels = _stack_labels(data_samples, device)
            answers = {
                name: [t.cpu() for t in head.predict(features, valid, labels)]
                for name, head in self.pretext_heads.items()
            }
            for i, sample in enumerate(data_samples):
                pretext = {k: (p[i].argmax(dim=-1), t[i]) for k, (p, t) in answers.items()}
                sample.set_field(pretext, 'pretext')
        return data_samples


def _encode(
    backbone: nn.Module,
    clips: torch.Tensor,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> torch.Tensor:
    """Encode ``(N, M, ...)`` clips and average over space and time: ``(N, M, C)``.

    The maps of a backbone with several pathways (SlowFast) are averaged each, then joined.
    """
    maps = backbone(clips.flatten(0, 1).contiguous(memory_format=memory_format))
    maps = maps if isinstance(maps, (tuple, list)) else [maps]
    pooled = torch.cat([m.flatten(2).mean(dim=2) for m in maps], dim=1)  # N * M, C
    return pooled.unflatten(0, clips.shape[:2])


@torch.compiler.disable
def _valid_clips(has_audio: np.ndarray, device: torch.device) -> dict[str, torch.Tensor]:
    """Which clips ``(N, M)`` exist: every video clip, and the sound that is there."""
    audio = torch.from_numpy(has_audio).to(device)
    return dict(video=torch.ones_like(audio), audio=audio)


@torch.compiler.disable
def _stack_labels(data_samples: SampleList, device: torch.device) -> dict[str, torch.Tensor]:
    """Labels of ``SampleAVClips`` as tensors ``(N, 2)``, or ``(N,)`` for ``clip_order``."""
    return {
        name: torch.from_numpy(np.stack([sample.get(name) for sample in data_samples])).to(device)
        for name in CLIP_LABELS
    }
