"""Audio-visual contrastive learning with temporal self-supervision: the whole method."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmaction.utils import SampleList
from mmengine.model import ModuleDict

from .av_encoder import AVEncoder, fill_silence, stack_has_audio, to_device

CLIP_LABELS = ('video_speed', 'audio_speed', 'video_direction', 'audio_direction', 'clip_order')


@MODELS.register_module()
class AVContrastiveRecognizer(AVEncoder):
    r"""AVTSS pre-training (Jenni, Black and Collomosse, AAAI 2023).

    `Audio-Visual Contrastive Learning with Temporal Self-Supervision
    <https://arxiv.org/abs/2302.07702>`_. Follows the abstract and the published claims; other
    choices are ours. Each of a video's two windows gives one video clip and its audio:

    .. math::
        h = pool(F(x)), \quad z = normalise(\psi(h)), \quad
        L = L_{v2v} + \frac{1}{2}(L_{v2a} + L_{a2v}) + L_{temporal}

    The contrastive head uses ``z``, the pretext heads use ``h``. A clip without sound (label
    ``has_audio``) contributes to the video terms only.

    Inputs are ``dict(imgs=(N, M, 3, T, H, W), audios=(N, M, 1, L, F))`` with ``M`` windows per
    video; ``M = 2`` in training. In evaluation either modality may be missing.

    Args:
        backbone (dict): Video encoder ``F_v``: :class:`R2Plus1D` or any of mmaction2's that takes
            clips ``(N, 3, T, H, W)``; ``in_channels`` of the other parts follow it.
        audio_backbone (dict): Audio encoder ``F_a``, from ``(N, 1, L, F)`` to feature maps.
        neck (dict): Projection of video features.
        audio_neck (dict): Projection of audio features.
        contrastive_head (dict, optional): Head of the terms v2v, v2a, a2v (and a2a). Without it
            only the pretext tasks are learned. Defaults to None.
        pretext_heads (dict[str, dict], optional): Heads of the temporal tasks by name; their losses
            are called ``loss_<name>``. A name with None is skipped. Defaults to None.
        queue (dict, optional): Config of the :class:`FeatureQueue`, of which one is built per
            modality. Without it no neighbours are used. Defaults to None.
        **kwargs: Other arguments of :class:`AVEncoder`. With ``test_cfg=dict(pretext=True)``,
            :meth:`predict` adds the predictions of the pretext heads.

    Raises:
        ValueError: If the ranks of neighbours exceed the length of the queue.
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
        **kwargs,
    ) -> None:
        super().__init__(backbone, audio_backbone, neck, audio_neck, **kwargs)
        self.contrastive_head = MODELS.build(contrastive_head) if contrastive_head else None
        if self.contrastive_head is None:  # they are not trained: DDP must not wait for gradients
            for neck in (self.neck, self.audio_neck):
                if neck is not None:
                    neck.requires_grad_(False)
        pretext_heads = {k: MODELS.build(v) for k, v in (pretext_heads or {}).items() if v}
        self.pretext_heads = ModuleDict(pretext_heads)
        queue = (
            queue if self.contrastive_head is not None else None
        )  # only this head searches queues
        modalities = ('video', 'audio') if queue else ()
        self.queues = nn.ModuleDict({name: MODELS.build(queue) for name in modalities})
        # Every step replaces the buffers of the queues: DDP would keep the first ones for ever.
        self._ddp_params_and_buffers_to_ignore = [
            f'queues.{name}' for name, _ in self.queues.named_buffers()
        ]
        searched = min((q.search_length for q in self.queues.values()), default=np.inf)
        if self.contrastive_head is not None and self.contrastive_head.largest_rank > searched:
            raise ValueError(
                f'neighbours up to rank {self.contrastive_head.largest_rank} are needed, but '
                f'the queue searches {searched} entries: lower contrastive_head.negative_ranks'
            )

    @torch._disable_dynamo(recursive=False)  # compiles what it calls, but not its own lists
    def loss(
        self, inputs: dict[str, torch.Tensor], data_samples: SampleList
    ) -> dict[str, torch.Tensor]:
        """Compute the losses and the measures that help to interpret them.

        Args:
            inputs (dict): ``imgs`` and ``audios``, see the class.
            data_samples (list[ActionDataSample]): Samples with the labels of ``SampleAVClips``.

        Returns:
            dict: ``loss_*`` (weighted), ``acc_*`` of the pretext tasks, ``top1_*`` and
            ``chance_nce`` of the contrastive terms, ``feat_std_v`` and ``feat_std_a`` (spread of
            ``z``: 1 if it fills the sphere, 0 if it has collapsed) and ``audio_share``.
        """
        has_audio = np.stack([sample.has_audio for sample in data_samples])  # N, 2
        # Before the encoders: a copy to a GPU that has work to do may wait for the end of it.
        device = inputs['imgs'].device
        valid = _valid_clips(has_audio, device)
        labels = _stack_labels(data_samples, device)
        ids = to_device([sample.sample_idx for sample in data_samples], device)
        features = self.extract_feat(fill_silence(inputs, has_audio))
        embeddings = self.project(features)

        results = {}
        for name, head in self.pretext_heads.items():
            for key, value in head.loss(features, valid, labels).items():
                results[f'{key}_{name}'] = value
        if self.contrastive_head is not None:
            with torch.autocast(device.type, enabled=False):  # similarities in float32
                results.update(self.contrastive_head.loss(embeddings, valid, ids, self.queues))
        for name, z in embeddings.items():
            variance = z.detach().flatten(0, 1).var(dim=0, correction=0)  # D
            results[f'feat_std_{name[0]}'] = variance.sum().sqrt()
        results['audio_share'] = torch.tensor(has_audio.mean())
        return results

    def predict(self, inputs: dict[str, torch.Tensor], data_samples: SampleList) -> SampleList:
        """Add features, and predictions of the pretext heads if asked for, to the data samples.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see the class.
            data_samples (list[ActionDataSample]): Samples; ``has_audio`` says which clips have
                sound.

        Returns:
            list[ActionDataSample]: Samples with the fields of :meth:`AVEncoder.predict`. With
            ``test_cfg=dict(pretext=True)`` also ``pretext``: prediction and label ``(K,)`` of each
            pretext head by name.
        """
        features = self.extract_feat(inputs)
        self.add_features(features, inputs, data_samples)
        if (self.test_cfg or {}).get('pretext'):
            device = features['video'].device
            valid = _valid_clips(stack_has_audio(inputs, data_samples), device)
            labels = _stack_labels(data_samples, device)
            answers = {
                name: [t.cpu() for t in head.predict(features, valid, labels)]
                for name, head in self.pretext_heads.items()
            }
            for i, sample in enumerate(data_samples):
                pretext = {k: (p[i].argmax(dim=-1), t[i]) for k, (p, t) in answers.items()}
                sample.set_field(pretext, 'pretext')
        return data_samples


@torch._disable_dynamo
def _valid_clips(has_audio: np.ndarray, device: torch.device) -> dict[str, torch.Tensor]:
    """Which clips ``(N, M)`` exist: all video clips, and the audio clips that have sound."""
    audio = to_device(has_audio, device)
    return dict(video=torch.ones_like(audio), audio=audio)


@torch._disable_dynamo
def _stack_labels(data_samples: SampleList, device: torch.device) -> dict[str, torch.Tensor]:
    """Stack the labels of ``SampleAVClips``: ``(N, 2)``, or ``(N,)`` for ``clip_order``."""
    return {
        name: to_device([sample.get(name) for sample in data_samples], device)
        for name in CLIP_LABELS
    }
