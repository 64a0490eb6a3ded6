"""Draws training curves as one figure."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

from .figures import save_figure  # noqa: E402

CHANCE = dict(color='0.5', linestyle=':', linewidth=1)
COLORS = dict(
    C0=('_v', '_v2v', '_vv', 'video_top1', 'audio_share', 'lr'),
    C1=('_a', '_a2a', '_aa', 'audio_top1', 'skipped_share'),
    C2=('_v2a', '_va', 'joint_top1'),
    C3=('_a2v',),
)
"""Endings of the names of scalars, by colour: video, audio, across modalities."""

PANELS = {
    'contrastive losses, unweighted': ('loss_v2', 'loss_a2', 'chance_nce'),
    'target nearest in the batch': ('top1_',),
    'k-NN top-1, frozen features': ('video_top1', 'audio_top1', 'joint_top1'),
    'speed accuracy': ('acc_speed',),
    'direction accuracy': ('acc_direction',),
    'order accuracy': ('acc_order',),
    'feature spread (1 = full, 0 = collapsed)': ('feat_std',),
    'samples': ('audio_share', 'skipped_share'),
    'learning rate': ('lr',),
}
"""Beginnings of the names of scalars, by the title of their panel."""
SHARES = ('accuracy', 'top-1', 'nearest', 'samples')

Scalars = dict[str, tuple[np.ndarray, np.ndarray]]


def draw_curves(scalars: Scalars, chance: dict[str, float], path: str | Path) -> None:
    """Draw losses, accuracies and the spread of the features over the epochs.

    Args:
        scalars (dict): Epochs and values, each of shape ``(n,)``, by log key (``loss_v2a``,
            ``acc_speed_v``, ``video_top1``, ...).
        chance (dict): Chance level by log key, drawn as a dotted line.
        path (str | Path): Path of the PNG to write.
    """
    figure, axes = plt.subplots(3, 3, figsize=(15, 10), constrained_layout=True)
    for axis, title in zip(axes.flat, PANELS):
        axis.set_title(title, loc='left', fontsize=11)
        if _draw_panel(axis, title, scalars, chance):
            axis.legend(fontsize=8, frameon=False)
        axis.set_xlabel('epoch')
    save_figure(figure, path, dpi=90)


def draw_curves_of_runs(
    runs: dict[str, tuple[Scalars, dict[str, float]]], path: str | Path
) -> None:
    """Draw the curves of several runs side by side, one column per run, on shared axes.

    Args:
        runs (dict): Scalars and chance levels, as :func:`draw_curves` takes them, by name of the
            run.
        path (str | Path): Path of the PNG to write.
    """
    panels = [
        title
        for title, starts in PANELS.items()
        if any(name.startswith(starts) for scalars, _ in runs.values() for name in scalars)
    ]
    size = 1 + 3.4 * len(runs), 2.1 * len(panels)
    figure, axes = plt.subplots(
        len(panels), len(runs), figsize=size, sharex=True, sharey='row', squeeze=False
    )  # fmt: skip
    for column, (name, (scalars, chance)) in enumerate(runs.items()):
        axes[0, column].set_title(name, loc='left', fontsize=12, fontweight='bold')
        axes[-1, column].set_xlabel('epoch')
        for row, title in enumerate(panels):
            _draw_panel(axes[row, column], title, scalars, chance)
    for row, title in enumerate(panels):
        drawn = [axis.get_legend_handles_labels() for axis in axes[row]]
        keys = {label: line for lines, labels in drawn for line, label in zip(lines, labels)}
        axes[row, -1].legend(
            keys.values(), keys, loc='center left', bbox_to_anchor=(1.02, 0.5), frameon=False
        )
        axes[row, 0].set_ylabel(fill(title.split(' (')[0], 20), fontsize=10)
        if title == 'learning rate':
            axes[row, 0].set_yscale('log')
    levels = [
        scalars['chance_nce'][1].max() for scalars, _ in runs.values() if 'chance_nce' in scalars
    ]
    if levels:  # a run that explodes must not flatten the others
        axes[0, 0].set_ylim(0, 1.5 * max(levels))
    save_figure(figure, path, dpi=80, bbox_inches='tight')


def _draw_panel(axis, title: str, scalars: Scalars, chance: dict[str, float]) -> bool:
    """Draw the scalars of a panel; returns whether there are any."""
    names = sorted((n for n in scalars if n.startswith(PANELS[title])), key=_color)
    for name in names:
        epochs, values = scalars[name]
        color = _color(name)
        if name == 'chance_nce':  # loss of random features; it jumps when neighbours are added
            axis.plot(epochs, values, **CHANCE, label='chance')
            continue
        if len(values) > 60:
            axis.plot(epochs, values, color=color, alpha=0.2, linewidth=0.7)
        axis.plot(*_smooth(epochs, values), color=color, label=name, linewidth=1.8)
    for level in sorted({chance[n] for n in names if n in chance}):
        axis.axhline(level, **CHANCE, label=f'chance {level:.2f}')
    axis.spines[['top', 'right']].set_visible(False)
    if any(word in title for word in SHARES):
        axis.set_ylim(0, 1.02)
    return bool(names)


def _color(name: str) -> str:
    return next((color for color, ends in COLORS.items() if name.endswith(ends)), 'C4')


def _smooth(epochs: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average a long curve over 60 pieces."""
    if len(values) <= 60:
        return epochs, values
    bounds = np.linspace(0, len(values), 61).astype(int)
    pieces = [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:])]
    return tuple(np.array([x[p].mean() for p in pieces]) for x in (epochs, values))
