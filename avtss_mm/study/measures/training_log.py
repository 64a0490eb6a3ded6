"""Reads the log of a training run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.config import Config

from ...datasets.transforms.placement import AFTER
from ...files.journal import read_journal
from ...visualization.curves import Scalars
from ..plan import MONITORED


def _read_lines(work_dir: str | Path) -> Iterator[dict]:
    for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json')):
        yield from read_journal(path)


def read_validations(work_dir: str | Path) -> dict[int, dict[str, float]]:
    """Read the metrics of each validation, by epoch; 0 is before the first step.

    If a resumed run has repeated an epoch, its last validation counts.
    """
    lines = {int(line['step']): line for line in _read_lines(work_dir) if 'knn/chance' in line}
    return dict(sorted(lines.items()))


def read_curves(work_dir: str | Path, cfg: Config) -> tuple[Scalars, dict[str, float]]:
    """Read the curves for :func:`avtss_mm.visualization.draw_curves` from the log of a run.

    Args:
        work_dir (str | Path): Folder of the training run.
        cfg (Config): Config of the training run, which has the loss weights and chance levels.

    Returns:
        tuple: Epochs and values by name (losses unweighted), and chance levels by name.
    """
    steps = {line['step']: line for line in _read_lines(work_dir) if 'iter' in line}
    by_epoch = defaultdict(list)
    for _, line in sorted(steps.items()):
        by_epoch[line['epoch']].append(line)
    chance, points = (
        {},
        [
            (epoch - 1 + (place + 1) / len(lines), line)
            for epoch, lines in by_epoch.items()
            for place, line in enumerate(lines)
        ],
    )
    for epoch, line in read_validations(work_dir).items():
        points.append((epoch, {key: x for key, x in line.items() if key.endswith('_top1')}))
        chance['video_top1'] = line['knn/chance']
    heads = {k: head for k, head in (cfg.model.get('pretext_heads') or {}).items() if head}
    weights = dict((cfg.model.get('contrastive_head') or {}).get('loss_weight', {}))
    weights.update({name: head.get('loss_weight', 1) for name, head in heads.items()})
    found = defaultdict(list)
    for epoch, line in points:
        for key, value in line.items():
            name = key.rpartition('/')[2]
            found[name].append((epoch, value / (weights.get(name.removeprefix('loss_')) or 1)))
    for name, head in heads.items():
        chance[f'acc_{name}'] = 1 / head.get('num_classes', AFTER + 1)  # before, at once, after
    return {name: tuple(np.transpose(pairs)) for name, pairs in found.items()}, chance


def epochs_to_reach(work_dir: str | Path, thresholds: dict[str, float]) -> dict[str, float | None]:
    """Number of epochs until the k-NN monitor first reaches an accuracy.

    Its resolution is the validation interval (``train_cfg.val_interval``); the accuracy is that on
    the labelled list of the monitor.

    Args:
        work_dir (str | Path): Folder of the training run.
        thresholds (dict): Accuracies to reach with ``'video'``, ``'audio'`` or ``'joint'``.

    Returns:
        dict: ``epochs_to_<modality>``; None if it was not reached. Empty without validations.
    """
    figures = {}
    for modality in sorted(thresholds, key=MONITORED.index):
        curve = {
            epoch: metrics[f'knn/{modality}_top1']
            for epoch, metrics in read_validations(work_dir).items()
            if f'knn/{modality}_top1' in metrics
        }
        if curve:
            reached = (
                float(epoch) for epoch, value in curve.items() if value >= thresholds[modality]
            )
            figures[f'epochs_to_{modality}'] = next(reached, None)
    return figures
