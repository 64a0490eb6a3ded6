"""What the log of a training run tells."""

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
    """Metrics of each validation by its epoch; 0 is before the first step.

    Of a run that was cut off and went on, an epoch that was done twice counts as done last.
    """
    lines = {int(line['step']): line for line in _read_lines(work_dir) if 'knn/chance' in line}
    return dict(sorted(lines.items()))


def read_curves(work_dir: str | Path, cfg: Config) -> tuple[Scalars, dict[str, float]]:
    """What :func:`avtss_mm.visualization.draw_curves` draws, from the log of a run.

    Args:
        work_dir (str | Path): Folder of the training run.
        cfg (Config): What it was trained with: tells the weights of losses, and chance levels.

    Returns:
        tuple: Epochs and values by name, losses unweighted, and chance levels by name.
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
    """After how many epochs the k-NN monitor first reached an accuracy.

    It is known as finely as the run was validated (``train_cfg.val_interval``), on the labelled
    list of the monitor.

    Args:
        work_dir (str | Path): Folder of the training run.
        thresholds (dict): Accuracy by ``'video'``, ``'audio'`` or ``'joint'``.

    Returns:
        dict: ``epochs_to_<modality>``; None where it was not reached. Empty without validations.
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
