"""Temporal pretext tasks: speed and direction of one clip, order of two clips."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule

from ..in_channels import apply_first
from ..losses import full_precision, masked_mean

BEFORE, OVERLAPPING, AFTER = 0, 1, 2  # classes of ``clip_order``


class _PretextHead(BaseModule):
    """Cross-entropy over all clips or pairs whose label is not -1."""

    def __init__(self, num_classes: int, loss_weight: float, init_cfg: dict | None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_classes = num_classes
        self.loss_weight = loss_weight

    def predict(
        self,
        features: dict[str, torch.Tensor],
        valid: dict[str, torch.Tensor],
        labels: dict[str, torch.Tensor],
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Classify every clip or pair.

        Args:
            features (dict): Pooled backbone features ``h`` by modality, shape ``(B, 2, C)``.
            valid (dict): Which clips exist (have sound), bool, shape ``(B, 2)``.
            labels (dict): Labels of ``SampleAVClips`` by name: shape ``(B, 2)`` for labels of
                clips, ``(B,)`` for labels of the pair; -1 is ignored.

        Returns:
            tuple[Tensor, Tensor]: Logits of shape ``(B, K, num_classes)`` and labels of shape
            ``(B, K)``, -1 where there is no label; ``K`` is 2 (clips, or pairs across modalities)
            or 1 (the pair within a modality).
        """
        raise NotImplementedError

    def loss(self, *args) -> dict[str, torch.Tensor]:
        """Compute ``loss`` and ``acc`` from the arguments of :meth:`predict`."""
        logits, labels = self.predict(*args)
        logits, labels = full_precision(logits).flatten(0, 1), labels.flatten()
        mask = labels >= 0
        losses = F.cross_entropy(logits, labels.clamp(min=0), reduction='none')
        correct = ((logits.argmax(dim=1) == labels) & mask).sum() / mask.sum().clamp(min=1)
        return dict(loss=self.loss_weight * masked_mean(losses, mask), acc=correct.to(losses.dtype))


@MODELS.register_module()
class ClipPretextHead(_PretextHead):
    """Linear classifier of one clip, for playback speed or direction.

    Args:
        modality (str): Modality of the clip, ``'video'`` or ``'audio'``.
        label (str): Name of the label, e.g. ``'video_speed'`` or ``'audio_direction'``.
        num_classes (int): Number of classes: 4 speeds or 2 directions.
        in_channels (int): Size of the modality's feature. Defaults to 512.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(
        self,
        modality: str,
        label: str,
        num_classes: int,
        in_channels: int = 512,
        loss_weight: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, loss_weight, init_cfg)
        self.modality = modality
        self.label = label
        self.fc = nn.Linear(in_channels, num_classes)

    def predict(self, features, valid, labels):
        """See the base class."""
        scores = apply_first(self.fc, features[self.modality], self)
        return scores, labels[self.label].where(valid[self.modality], -1)


@MODELS.register_module()
class ClipOrderHead(_PretextHead):
    """Two-layer classifier of two windows: the first is before, overlaps or is after the second.

    Within a modality it sees the clips of both windows. Across modalities it sees the video of one
    window and the audio of the *other*: ``(v1, a2)`` and, with the label reversed, ``(v2, a1)``.
    It never sees video and audio of the same window, whose order is always the same.

    Args:
        modalities (tuple[str, str]): Modalities of the first and the second clip.
        in_channels (tuple[int, int]): Sizes of their features. Defaults to (512, 512).
        hidden_channels (int): Width of the hidden layer. Defaults to 512.
        label (str): Name of the label. Defaults to ``'clip_order'``.
        loss_weight (float): Weight of the loss. Defaults to 1.0.
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(
        self,
        modalities: tuple[str, str],
        in_channels: tuple[int, int] = (512, 512),
        hidden_channels: int = 512,
        label: str = 'clip_order',
        loss_weight: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(3, loss_weight, init_cfg)
        self.modalities = tuple(modalities)
        self.label = label
        self.mlp = nn.Sequential(
            nn.Linear(sum(in_channels), hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, self.num_classes),
        )

    def predict(self, features, valid, labels):
        """See the base class."""
        first, second = self.modalities
        order = labels[self.label]
        pairs = [(features[first][:, 0], features[second][:, 1])]
        targets = [order.where(valid[first][:, 0] & valid[second][:, 1], -1)]
        if first != second:
            pairs.append((features[first][:, 1], features[second][:, 0]))
            known = valid[first][:, 1] & valid[second][:, 0] & (order >= 0)
            targets.append((AFTER - order).where(known, -1))
        joined = torch.stack([torch.cat(pair, dim=1) for pair in pairs], dim=1)  # B, K, C1 + C2
        return apply_first(self.mlp, joined, self), torch.stack(targets, dim=1)
