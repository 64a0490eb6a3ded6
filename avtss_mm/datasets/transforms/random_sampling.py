"""Draws windows anywhere in a file, forward at speed 1, for supervised training."""

from __future__ import annotations

import numpy as np
from mmaction.registry import TRANSFORMS

from .evaluation_sampling import EvaluationSampler


@TRANSFORMS.register_module()
class RandomSampleAVClips(EvaluationSampler):
    """Draw windows uniformly, from numpy's global generator.

    Args:
        num_clips (int): Number of windows per video. mmaction2's ``Recognizer3D`` trains with 1.
            Defaults to 1.
        **kwargs: Arguments of :class:`EvaluationSampler`.
    """

    def __init__(self, num_clips: int = 1, **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_clips = num_clips

    def _starts(self, latest: float) -> np.ndarray:
        return np.random.uniform(0, latest, self.num_clips)
