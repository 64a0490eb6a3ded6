"""Draws windows anywhere in a file, forward at speed 1."""

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


@TRANSFORMS.register_module()
class SampleSameMoment(EvaluationSampler):
    """Draw two windows that nearly coincide, as of a chunk and its copy.

    Args:
        max_shift (float): Most seconds from the start of the first window to that of the second,
            in both directions. Half the distance of the chunks of an index is the most that a
            query's nearest chunk is off. Defaults to 0.25.
        **kwargs: Arguments of :class:`EvaluationSampler`.
    """

    def __init__(self, max_shift: float = 0.25, **kwargs) -> None:
        super().__init__(**kwargs)
        self.max_shift = max_shift

    def _starts(self, latest: float) -> np.ndarray:
        first = np.random.uniform(0, latest)
        shift = np.random.uniform(-self.max_shift, self.max_shift)
        return np.array([first, min(max(first + shift, 0.0), latest)])
