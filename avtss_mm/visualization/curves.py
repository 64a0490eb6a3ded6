"""Training curves as one picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

CHANCE = dict(color='0.5', linestyle=':', linewidth=1)


def draw_curves(
    scalars: dict[str, tuple[np.ndarray, np.ndarray]], chance: dict[str, float], path: str | Path
) -> None:
    """Draw losses, accuracies and features' health over the epochs.

    Args:
        scalars (dict): Epochs and values, each of shape ``(n,)``, by the name they are logged
            under (``loss_v2a``, ``acc_speed_v``, ``video_top1``, ...).
        chance (dict): Chance level by the same names, drawn as a dotted line.
        path (str | Path): The PNG to write.
    """
    panels = {
        'contrastive losses, unweighted': [
            n for n in scalars if n.startswith(('loss_v2', 'loss_a2')) or n == 'chance_nce'
        ],
        'target nearest in the batch': [n for n in scalars if n.startswith('top1_')],
        'k-NN top-1, frozen features': [n for n in scalars if n.endswith('_top1')],
        'speed accuracy': [n for n in scalars if n.startswith('acc_speed')],
        'direction accuracy': [n for n in scalars if n.startswith('acc_direction')],
        'order accuracy': [n for n in scalars if n.startswith('acc_order')],
        'feature spread (1 = full, 0 = collapsed)': [n for n in scalars if 'feat_std' in n],
        'samples': [n for n in scalars if n in ('audio_share', 'skipped_share')],
        'learning rate': [n for n in scalars if n == 'lr'],
    }
    figure, axes = plt.subplots(3, 3, figsize=(15, 10), constrained_layout=True)
    for axis, (title, names) in zip(axes.flat, panels.items()):
        axis.set_title(title, loc='left', fontsize=11)
        for i, name in enumerate(names):
            epochs, values = scalars[name]
            if name == 'chance_nce':  # of random features; it jumps where neighbours join
                axis.plot(epochs, values, **CHANCE, label='chance')
                continue
            if len(values) > 60:
                axis.plot(epochs, values, color=f'C{i}', alpha=0.2, linewidth=0.7)
            axis.plot(*_smooth(epochs, values), color=f'C{i}', label=name, linewidth=1.8)
        for level in sorted({chance[n] for n in names if n in chance}):
            axis.axhline(level, **CHANCE, label=f'chance {level:.2f}')
        if names:
            axis.legend(fontsize=8, frameon=False)
        axis.set_xlabel('epoch')
        axis.spines[['top', 'right']].set_visible(False)
        if 'accuracy' in title or 'top-1' in title or 'nearest' in title or title == 'samples':
            axis.set_ylim(0, 1.02)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _smooth(epochs: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of about 60 stretches of a long curve."""
    if len(values) <= 60:
        return epochs, values
    bounds = np.linspace(0, len(values), 61).astype(int)
    pieces = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:])]
    return tuple(np.array([x[p].mean() for p in pieces]) for x in (epochs, values))
