"""Speed, direction and order from frozen features, by new linear classifiers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...datasets.transforms.placement import AFTER, IGNORED
from ...evaluation.functional import majority_share
from ...evaluation.linear_probe import linear_probe

SHORT = dict(v='video', a='audio')
ORDERS = dict(order_vv=('video', 'video'), order_aa=('audio', 'audio'), order_va=('video', 'audio'))


@dataclass(frozen=True)
class WindowPairs:
    """Features and labels of P pairs of windows, as :class:`SampleAVClips` draws them.

    Attributes:
        features: Features ``h`` of ``'video'`` and/or ``'audio'``, shape ``(P, 2, C)``.
        has_audio: Whether a window has sound, bool ``(P, 2)``.
        labels: Labels ``video_speed``, ``audio_speed``, ``video_direction``, ``audio_direction``
            ``(P, 2)`` and ``clip_order`` ``(P,)``; -1 where there is none.
        videos: Video of each pair, ``(P,)``.
    """

    features: dict[str, np.ndarray]
    has_audio: np.ndarray
    labels: dict[str, np.ndarray]
    videos: np.ndarray

    def exists(self, modality: str) -> np.ndarray:
        """Which clips exist, ``(P, 2)``."""
        return self.has_audio if modality == 'audio' else np.ones_like(self.has_audio)


def temporal_accuracy(train: WindowPairs, test: WindowPairs) -> dict[str, float]:
    """Accuracy of speed, direction and order from frozen features, on other videos.

    For each task a new logistic regression is trained on pairs of windows of the training videos
    and tested on those of the test videos; the heads of pre-training are not used. ``C`` is chosen
    on the training videos by cross-validation over videos. Windows are drawn as in training,
    without augmentation.

    - ``speed_<m>``, ``direction_<m>``: from one clip; two samples per pair.
    - ``order_vv``, ``order_aa``: whether the first window is before, overlaps or is after the
      second, from ``[h_1, h_2]``; one sample per pair. The classifier is linear in both, so it
      needs features that say *when* in a video a clip is; the similarity of overlapping clips does
      not help.
    - ``order_va``: the same from ``[h_video of one, h_audio of the other]``; two samples per pair.

    The tasks are those of Jenni, Black and Collomosse (AAAI 2023) and of their earlier work;
    measuring them on frozen features is our choice.

    Args:
        train (WindowPairs): Pairs of the training videos.
        test (WindowPairs): Pairs of the test videos.

    Returns:
        dict: Accuracy of each task for which there are features, and ``<task>_chance``, the share
        of the most frequent label among the test clips.
    """
    figures = {}
    for (task, trained), (_, tested) in zip(_tasks(train), _tasks(test)):
        if len(np.unique(trained[1])) < 2 or not len(tested[1]):
            continue
        figures[task], _ = linear_probe(*trained, *tested[:2])
        figures[f'{task}_chance'] = majority_share(tested[1])
    return figures


def _tasks(pairs: WindowPairs) -> Iterator[tuple[str, tuple]]:
    """Yield each task: name, features ``(n, C)``, labels ``(n,)``, videos ``(n,)`` (labelled)."""
    both = np.repeat(pairs.videos, 2)
    for kind in ('speed', 'direction'):
        for letter, modality in SHORT.items():
            if modality in pairs.features:
                labels = pairs.labels[f'{modality}_{kind}']
                labels = np.where(pairs.exists(modality), labels, IGNORED).ravel()
                features = pairs.features[modality].reshape(len(labels), -1)
                yield f'{kind}_{letter}', _labelled(features, labels, both)
    for task, (first, second) in ORDERS.items():
        if first in pairs.features and second in pairs.features:
            yield task, _labelled(*_order(pairs, first, second))


def _order(pairs: WindowPairs, first: str, second: str) -> tuple[np.ndarray, ...]:
    """One sample per pair within a modality; across, a second one with the reversed label."""
    order = pairs.labels['clip_order']
    turned = np.where(order == IGNORED, IGNORED, AFTER - order)
    questions = [(0, 1, order)] if first == second else [(0, 1, order), (1, 0, turned)]
    features, labels = [], []
    for i, j, answer in questions:
        sides = pairs.features[first][:, i], pairs.features[second][:, j]
        features.append(np.concatenate(sides, axis=1))
        there = pairs.exists(first)[:, i] & pairs.exists(second)[:, j]
        labels.append(np.where(there, answer, IGNORED))
    videos = np.tile(pairs.videos, len(questions))
    return np.concatenate(features), np.concatenate(labels), videos


def _labelled(features: np.ndarray, labels: np.ndarray, videos: np.ndarray) -> tuple:
    kept = labels != IGNORED
    return features[kept], labels[kept], videos[kept]
