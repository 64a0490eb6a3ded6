"""From a file to the clips that a config's ``feature_pipeline`` makes of it, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from mmaction.datasets.transforms import PackActionInputs
from mmaction.registry import TRANSFORMS

from ..datasets.transforms import AVDecode, SlidingAVClips, UniformSampleAVClips
from ..datasets.transforms.evaluation_sampling import EvaluationSampler
from ..datasets.transforms.sampling import take_windows
from ..errors import MediaError
from ..media import MediaInfo

FRAMES_HELD = 2**30
"""Bytes of decoded frames held at once, unless those of one clip are more already."""

INPUTS = dict(video='imgs', audio='audios')
STOCK = ('mmaction', 'mmcv')
"""Packages whose transforms act on the picture."""


@dataclass(frozen=True)
class Clips:
    """Consecutive windows of a file, ready for the network.

    Attributes:
        inputs: ``imgs`` uint8 (m, 3, T, H, W) and/or ``audios`` float32 (m, 1, L, F).
        times: Begin and end of each clip in seconds (m, 2), by ``'video'`` and/or ``'audio'``.
        has_audio: Whether there is sound in each window (m,); True where it was not listened to.
        total: Number of windows of the whole file.
    """

    inputs: dict[str, np.ndarray]
    times: dict[str, np.ndarray]
    has_audio: np.ndarray
    total: int

    def __len__(self) -> int:
        return len(self.has_audio)


class ClipReader:
    """Cuts files into clips as a ``feature_pipeline`` says.

    What a modality does not need is neither decoded nor run, so that sound files serve, and videos
    without sound. The class of a transform says by ``modality = 'video'`` or ``'audio'`` what it
    acts on; those of mmaction2 and mmcv act on the picture, or on what the transforms that they
    hold act on.

    Args:
        pipeline: Configs of the transforms, from AVInit to PackActionInputs.
        modalities: ``'video'`` and/or ``'audio'``.
        num_clips: Spread that many windows over a file, whatever the pipeline says.
        stride: Put a window every ``stride`` seconds instead, over the whole file.

    Attributes:
        steps: Configs of the transforms that are run.

    Raises:
        ValueError: If the pipeline has no sampler of evaluation, both options are given, or only
            the sound is asked for and a transform does not say what it acts on.
    """

    def __init__(
        self,
        pipeline: Sequence[dict],
        modalities: Sequence[str] = ('video', 'audio'),
        num_clips: int | None = None,
        stride: float | None = None,
    ) -> None:
        if num_clips is not None and stride is not None:
            raise ValueError('give num_clips or stride, not both')
        self.modalities = tuple(modalities)
        self.steps = []
        self._opening, self._making = [], []  # done once a file, and for each part of its windows
        sampler = None
        for step in pipeline:
            transform = TRANSFORMS.build(step)
            if isinstance(transform, PackActionInputs):
                break
            if isinstance(transform, EvaluationSampler):
                step = _with_windows(step, num_clips, stride)
                transform = sampler = TRANSFORMS.build(step)
            elif isinstance(transform, AVDecode):
                wanted = dict(with_video='video' in modalities, with_audio='audio' in modalities)
                step = dict(step, **wanted)
                transform = TRANSFORMS.build(step)
            elif self._making and not _is_needed(transform, modalities):
                continue
            is_opening = not self._making and not isinstance(transform, AVDecode)
            (self._opening if is_opening else self._making).append(transform)
            self.steps.append(dict(step))
        if sampler is None or not self._making:
            raise ValueError(
                'feature_pipeline needs UniformSampleAVClips or SlidingAVClips, and AVDecode'
            )
        self._clip_duration = sampler.clip_duration

    def read(
        self, path, size: int, first: int = 0, duration: float | None = None
    ) -> Iterator[Clips]:
        """Open a file once and read its windows, ``size`` at a time.

        Args:
            path: A video or sound file.
            size: Windows that are decoded and held in memory at once; fewer of a large picture.
            first: Window to begin with.
            duration: Seconds, where they are known better than from the header.

        Yields:
            Clips: The next windows of the file.

        Raises:
            MediaError: If the file cannot be read, or has no picture or sound though that is
                asked for. A video without sound is one only if nothing but sound is asked for.
        """
        results = dict(filename=str(path), duration=duration)
        for transform in self._opening:
            results = transform(results)
        with results.pop('reader') as reader:
            if self.modalities == ('audio',) and not reader.info.has_audio:
                raise MediaError(path, 'no audio stream')
            total = results['num_clips']
            size = min(size, self._fitting(reader.info, results))
            for begin in range(first, total, size):
                # AVDecode closes what it reads from; there is more to read
                part = take_windows({**results, 'reader': nullcontext(reader)}, begin, begin + size)
                for transform in self._making:
                    part = transform(part)
                yield self._clips(part, total)

    def _fitting(self, info: MediaInfo, results: dict) -> int:
        """Windows whose frames may be in memory together."""
        frames = len(results['frame_times'][0]) if 'video' in self.modalities else 0
        return max(1, FRAMES_HELD // max(1, frames * info.width * info.height * 3))

    def _clips(self, results: dict, total: int) -> Clips:
        windows = np.array(results['audio_windows'])  # (m, 2)
        times = dict(video=windows[:, :1] + [0, self._clip_duration], audio=windows)
        inputs = {INPUTS[name]: np.asarray(results[INPUTS[name]]) for name in self.modalities}
        for key, clips in inputs.items():
            if len(clips) != len(windows):
                raise ValueError(
                    f'the feature_pipeline makes {len(clips)} {key} of {len(windows)} windows: it '
                    'must crop once, for instance with CenterCrop'
                )
        listened = 'audio' in self.modalities
        has_audio = results['has_audio'] if listened else np.ones(len(windows), bool)
        times = {name: times[name] for name in self.modalities}
        return Clips(inputs, times, has_audio, total)


def _is_needed(transform, modalities: Sequence[str]) -> bool:
    acts_on = _modalities(transform)
    if None in acts_on and 'video' not in modalities:
        name = type(transform).__name__
        raise ValueError(
            f'feature_pipeline: does {name} act on the picture or on the sound? Write modality = '
            f"'video' or modality = 'audio' into the class {name}"
        )
    return not acts_on.isdisjoint((*modalities, None))


def _modalities(transform) -> set[str | None]:
    """What a transform, or the transforms that it holds, act on; None where that is not known."""
    if hasattr(transform, 'modality'):
        return {transform.modality}
    if hasattr(transform, 'transforms'):
        return set().union(*map(_modalities, transform.transforms))
    return {'video' if type(transform).__module__.partition('.')[0] in STOCK else None}


def _with_windows(step: dict, num_clips: int | None, stride: float | None) -> dict:
    """The config of a sampler, with other windows of the same length."""
    lengths = {key: step[key] for key in ('clip_len', 'video_fps', 'clip_duration') if key in step}
    if num_clips is not None:
        return dict(type=UniformSampleAVClips.__name__, num_clips=num_clips, **lengths)
    if stride is not None:
        return dict(type=SlidingAVClips.__name__, stride=stride, **lengths)
    return step
