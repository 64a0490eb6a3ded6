"""Reads the clips of a file, as a config's ``feature_pipeline`` makes them, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from mmaction.datasets.transforms import PackActionInputs
from mmaction.registry import TRANSFORMS

from ..datasets.transforms import AVDecode, SlidingAVClips, UniformSampleAVClips
from ..datasets.transforms.evaluation_sampling import EvaluationSampler
from ..datasets.transforms.sampling import take_windows
from ..errors import MediaError
from ..media import MediaInfo

FRAMES_HELD = 2**30
"""Maximum bytes of decoded frames in memory, unless a single clip is larger."""

INPUTS = dict(video='imgs', audio='audios')
STOCK = ('mmaction', 'mmcv')
"""Packages whose transforms act on the video."""


@dataclass(frozen=True)
class Clips:
    """Consecutive windows of a file, ready for the network.

    Attributes:
        inputs: Clips ``imgs`` uint8 (m, 3, T, H, W) and/or ``audios`` float32 (m, 1, L, F).
        times: Start and end of each clip in seconds (m, 2), by ``'video'`` and/or ``'audio'``.
        has_audio: Whether each window has sound (m,); True if the audio was not read.
        total: Number of windows of the whole file.
        descriptors: Further descriptors of the windows (m, D), by name, that transforms have added
            as ``descriptors``.
    """

    inputs: dict[str, np.ndarray]
    times: dict[str, np.ndarray]
    has_audio: np.ndarray
    total: int
    descriptors: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.has_audio)


class ClipReader:
    """Cuts files into clips as a ``feature_pipeline`` says.

    Only what the modalities need is decoded and transformed, so that audio files work, and videos
    without sound. A transform declares with ``modality = 'video'`` or ``'audio'`` in its class what
    it acts on. Transforms of mmaction2 and mmcv act on the video, or on what the transforms that
    they contain act on.

    Args:
        pipeline: Configs of the transforms, from AVInit to PackActionInputs.
        modalities: Modalities to read, ``'video'`` and/or ``'audio'``.
        num_clips: Number of windows to spread over a file, instead of the pipeline's.
        stride: Seconds from a window to the next over the whole file, instead of the pipeline's
            windows.

    Attributes:
        steps: Configs of the transforms that are run.

    Raises:
        ValueError: If the pipeline has no sampler for evaluation, both options are given, or only
            audio is read and a transform does not declare what it acts on.
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
        self._opening, self._making = [], []  # run once per file, and for each part of its windows
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
            elif (self._making or _reads(transform)) and not _is_needed(transform, modalities):
                continue
            is_opening = not self._making and not _reads(transform)
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
            path: Path of a video or audio file.
            size: Maximum number of windows to decode at once; fewer if the frames are large.
            first: Index of the first window to read.
            duration: Length of the file in seconds, if it is known better than from the header.

        Yields:
            Clips: The next windows of the file.

        Raises:
            MediaError: If the file cannot be read or lacks a modality. A video without sound is an
                error only if nothing but audio is read.
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
                opened = dict(reader=reader, keep_open=True)  # there may be more to read
                part = take_windows({**results, **opened}, begin, begin + size)
                for transform in self._making:
                    part = transform(part)
                yield self._clips(part, total, results['duration'])

    def _fitting(self, info: MediaInfo, results: dict) -> int:
        """Number of windows whose frames may be in memory together."""
        frames = len(results['frame_times'][0]) if 'video' in self.modalities else 0
        return max(1, FRAMES_HELD // max(1, frames * info.width * info.height * 3))

    def _clips(self, results: dict, total: int, duration: float) -> Clips:
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
        # a window that is longer than the file ends with it
        times = {name: np.minimum(times[name], duration) for name in self.modalities}
        return Clips(inputs, times, has_audio, total, results.get('descriptors', {}))


def _reads(transform) -> bool:
    """Whether a transform reads the windows of a part, which the open file must have."""
    return getattr(transform, 'reads_windows', False)


def _is_needed(transform, modalities: Sequence[str]) -> bool:
    acts_on = _modalities(transform)
    if None in acts_on and 'video' not in modalities:
        name = type(transform).__name__
        raise ValueError(
            f'feature_pipeline: does {name} act on the video or on the audio? Write modality = '
            f"'video' or modality = 'audio' into the class {name}"
        )
    return not acts_on.isdisjoint((*modalities, None))


def _modalities(transform) -> set[str | None]:
    """Modalities on which a transform, or those that it contains, act; None if unknown."""
    if hasattr(transform, 'modality'):
        return {transform.modality}
    if hasattr(transform, 'transforms'):
        return set().union(*map(_modalities, transform.transforms))
    return {'video' if type(transform).__module__.partition('.')[0] in STOCK else None}


def _with_windows(step: dict, num_clips: int | None, stride: float | None) -> dict:
    """Change the config of a sampler to other windows of the same length."""
    lengths = {key: step[key] for key in ('clip_len', 'video_fps', 'clip_duration') if key in step}
    if num_clips is not None:
        return dict(type=UniformSampleAVClips.__name__, num_clips=num_clips, **lengths)
    if stride is not None:
        return dict(type=SlidingAVClips.__name__, stride=stride, **lengths)
    return step
