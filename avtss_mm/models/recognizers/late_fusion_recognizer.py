"""Classifies videos by video and audio."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmaction.utils import SampleList

from ..in_channels import apply_first
from ..losses import full_precision, masked_mean
from .av_encoder import AVEncoder, fill_silence, stack_has_audio, to_device


@MODELS.register_module()
class LateFusionRecognizer(AVEncoder):
    """A linear classifier for each modality; their probabilities are averaged.

    Each classifier has its own loss, so that the modality that learns faster does not suppress
    the other. Videos without sound are trained and classified by video alone.

    Args:
        num_classes (int): Number of classes.
        in_channels (dict[str, int]): Feature size of ``'video'`` and ``'audio'``; a modality that
            is not given has no classifier.
        dropout_ratio (float): Dropout before the classifiers. Defaults to 0.5.
        **kwargs: Arguments of :class:`AVEncoder`.
    """

    def __init__(
        self, num_classes: int, in_channels: dict[str, int], dropout_ratio: float = 0.5, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.dropout = nn.Dropout(dropout_ratio)
        self.classifiers = nn.ModuleDict(
            {name: nn.Linear(channels, num_classes) for name, channels in in_channels.items()}
        )

    def loss(
        self, inputs: dict[str, torch.Tensor], data_samples: SampleList
    ) -> dict[str, torch.Tensor]:
        """Compute the cross-entropy of each modality's classifier.

        Args:
            inputs (dict): ``imgs`` and ``audios``, see :class:`AVEncoder`.
            data_samples (list[ActionDataSample]): Samples with ``gt_label`` and ``has_audio``.

        Returns:
            dict: ``loss_video``, ``loss_audio`` (over the clips with sound), and the accuracies
            ``acc_video`` and ``acc_audio``.
        """
        has_audio = stack_has_audio(inputs, data_samples)
        device = next(iter(inputs.values())).device
        there = to_device(has_audio, device).flatten()  # N * M
        labels = torch.cat([sample.gt_label for sample in data_samples]).to(device)  # N
        logits = self._classify(self.extract_feat(fill_silence(inputs, has_audio)))
        results = {}
        for name, scores in logits.items():
            num_clips = scores.shape[1]
            targets = labels.repeat_interleave(num_clips)  # N * M
            mask = there if name == 'audio' else torch.ones_like(targets, dtype=torch.bool)
            scores = full_precision(scores).flatten(0, 1)
            losses = F.cross_entropy(scores, targets, reduction='none')
            results[f'loss_{name}'] = masked_mean(losses, mask)
            right = (scores.argmax(dim=1) == targets).float()
            results[f'acc_{name}'] = right.where(mask, 0).sum() / mask.sum().clamp(min=1)
        return results

    def predict(self, inputs: dict[str, torch.Tensor], data_samples: SampleList) -> SampleList:
        """Score the classes by probabilities averaged over clips, then over modalities.

        Args:
            inputs (dict): ``imgs`` and/or ``audios``, see :class:`AVEncoder`. The modalities may
                have different numbers of clips (crops).
            data_samples (list[ActionDataSample]): Samples; ``has_audio`` says which clips have
                sound.

        Returns:
            list[ActionDataSample]: Samples with ``pred_score`` ``(num_classes,)`` (equal scores if
            there is neither video nor audio), ``pred_label`` and the features of
            :class:`AVEncoder`.
        """
        features = self.extract_feat(inputs)
        self.add_features(features, inputs, data_samples)
        logits = self._classify(features)
        probabilities = {k: full_precision(v).softmax(dim=-1) for k, v in logits.items()}
        has_audio = stack_has_audio(inputs, data_samples)
        for i, sample in enumerate(data_samples):
            scores = []
            for name, p in probabilities.items():
                clips = p[i, np.flatnonzero(has_audio[i])] if name == 'audio' else p[i]
                if len(clips):
                    scores.append(clips.mean(dim=0))
            num_classes = p.shape[-1]
            score = torch.stack(scores).mean(dim=0) if scores else p.new_ones(num_classes)
            score = score / score.sum()
            sample.set_pred_score(score).set_pred_label(score.argmax(dim=0))
        return data_samples

    def _classify(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Logits ``(N, M, num_classes)`` by modality."""
        return {
            name: apply_first(self.classifiers[name], self.dropout(h), self)
            for name, h in features.items()
            if name in self.classifiers
        }
