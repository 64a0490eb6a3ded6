"""Samples all windows of a file that the measures need, so that it is decoded once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmaction.registry import TRANSFORMS

from ...datasets.transforms.evaluation_sampling import EvaluationSampler
from ...datasets.transforms.sampling import ONE_PER_WINDOW
from ...utils.seeding import seeded


@TRANSFORMS.register_module()
class StudyWindows(EvaluationSampler):
    """Take a window every ``stride`` seconds, and the windows of other samplers.

    Their draws depend only on the file's name, so that all networks get the same windows.
    Required and added keys are those of :class:`SampleAVClips`.

    Args:
        samplers (Sequence[dict]): Configs of the other samplers; their windows follow the grid's.
        stride (float, optional): Seconds from a window of the grid to the next; the first starts
            with the file. Defaults to None: no grid.
        **kwargs: Arguments of :class:`EvaluationSampler`.
    """

    def __init__(self, samplers: Sequence[dict], stride: float | None = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.samplers = [TRANSFORMS.build(sampler) for sampler in samplers]
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Add the windows of all samplers to ``results``."""
        parts = self.draw(results['filename'], results['duration'])
        for key in ONE_PER_WINDOW:
            columns = [part[key] for part in parts]
            joined = sum(columns, []) if isinstance(columns[0], list) else np.concatenate(columns)
            results[key] = joined
        results['num_clips'] = sum(part['num_clips'] for part in parts)
        results['clip_len'] = self.clip_len
        return results

    def draw(self, filename: str, duration: float) -> list[dict]:
        """Return the output of each sampler for a file: the grid first, then the others."""
        parts = [super().transform(dict(duration=duration))]
        with seeded(zlib.crc32(Path(filename).name.encode())):
            parts += [sampler(dict(duration=duration)) for sampler in self.samplers]
        return parts

    def _starts(self, latest: float) -> np.ndarray:
        return np.empty(0) if self.stride is None else np.arange(0, latest + 1e-6, self.stride)
