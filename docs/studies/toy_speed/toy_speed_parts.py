"""Parts of ``toy_speed.py`` that did not become parts of the package."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn as nn
from mmaction.registry import HOOKS, MODELS, TRANSFORMS
from mmengine.hooks import Hook

from avtss_mm.datasets.transforms.sampling import SampleAVClips
from avtss_mm.models import AVContrastiveRecognizer, ClipPretextHead


@TRANSFORMS.register_module()
class SampleOneSpeedClips(SampleAVClips):
    """Both video clips of a video have one speed and one direction; so have both sounds."""

    @staticmethod
    def _draw(shared, draw):
        video = [draw()] * 2
        audio = video if shared else [draw()] * 2
        return np.array([video, audio], dtype=np.int64)


@HOOKS.register_module()
class PretextWeightHook(Hook):
    """Change the weight of pretext heads linearly over the epochs, from ``first`` to ``last``."""

    def __init__(self, names: list[str], first: float, last: float) -> None:
        self.names, self.first, self.last = names, first, last

    def before_train_epoch(self, runner) -> None:
        """Set the weights of this epoch."""
        share = runner.epoch / max(runner.max_epochs - 1, 1)
        for name in self.names:
            weight = self.first + share * (self.last - self.first)
            runner.model.pretext_heads[name].loss_weight = weight


@MODELS.register_module()
class UncertaintyRecognizer(AVContrastiveRecognizer):
    """The weight of a pretext loss is learned: exp(-s) L + s / 2 (Kendall et al., CVPR 2018)."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        names = self.pretext_heads.keys()
        self.log_variances = nn.ParameterDict({k: nn.Parameter(torch.zeros(())) for k in names})

    def loss(self, inputs, data_samples):
        """Add the learned weights to the losses."""
        results = super().loss(inputs, data_samples)
        for name, s in self.log_variances.items():
            results[f'loss_{name}'] = torch.exp(-s) * results[f'loss_{name}'] + s / 2
            results[f'weight_{name}'] = torch.exp(-s.detach())
        return results


@MODELS.register_module()
class EarlyStageRecognizer(AVContrastiveRecognizer):
    """In training, :class:`EarlyPretextHead` reads the third of four video stages, pooled."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.backbone.layer3.register_forward_hook(self._keep)

    def _keep(self, module, inputs, output) -> None:
        self.early = output.mean(dim=(2, 3, 4))

    def extract_feat(self, inputs):
        """Add the early features ``(N, M, C)`` to the dict of the base class."""
        features = super().extract_feat(inputs)
        if self.training:
            features['early'] = self.early.unflatten(0, features['video'].shape[:2])
        return features

    def project(self, features):
        """Project the features of the last stages only."""
        return super().project({k: h for k, h in features.items() if k != 'early'})


@MODELS.register_module()
class EarlyPretextHead(ClipPretextHead):
    """A pretext head for the early features of video clips."""

    def predict(self, features, valid, labels):
        """See the base class."""
        return super().predict({**features, 'video': features['early']}, valid, labels)
