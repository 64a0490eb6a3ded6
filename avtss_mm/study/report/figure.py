"""A figure of a study: which variants are better than random weights, and by how much."""

from __future__ import annotations

import math
from collections.abc import Container
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

from ...visualization.figures import save_figure  # noqa: E402

BETTER, WORSE, SAME = '#0b62a4', '#c2410c', '0.45'
COLUMNS = 6


def draw_study(
    values: dict[str, dict[str, dict[int, float | None]]],
    chance: dict[str, float],
    variants: list[str],
    path: str | Path,
    baseline: str = 'random',
    low_is_good: Container[str] = (),
) -> None:
    """Draw one panel per measure and one line per variant, with a dot per seed and their mean.

    The grey band is the range of the baseline's seeds, the dashed line the chance level. A variant
    is blue if all of its seeds are better than all of the baseline's, orange if all are worse,
    otherwise grey.

    Args:
        values (dict): Values by figure, variant and seed; None counts as missing.
        chance (dict): Chance level by figure, where there is one.
        variants (list[str]): Variants from top to bottom.
        path (str | Path): Path of the PNG to write.
        baseline (str): Variant that the others are compared with. Defaults to 'random'.
        low_is_good (Container[str]): Measures for which lower is better. Defaults to none.
    """
    columns = min(COLUMNS, max(len(values), 1))
    rows = math.ceil(max(len(values), 1) / columns)
    size = (1.2 + 0.08 * max(map(len, variants)) + 2.1 * columns, 0.9 + rows * _height(variants))
    figure, axes = plt.subplots(
        rows, columns, figsize=size, sharey=True, squeeze=False, layout='constrained'
    )
    for axis, (name, by_variant) in zip(axes.flat, values.items()):
        low = name in low_is_good
        _draw_panel(axis, name, by_variant, chance.get(name), variants, baseline, low)
    for axis in axes.flat[len(values) :]:
        axis.set_axis_off()
    axes[0, 0].set_ylim(len(variants) - 0.5, -0.5)
    axes[0, 0].set_yticks(range(len(variants)), variants)
    _add_legend(figure, baseline)
    save_figure(figure, path, dpi=110)


def _height(variants: list[str]) -> float:
    return 0.75 + 0.21 * len(variants)


def _draw_panel(axis, name, by_variant, chance, variants, baseline, low_is_good) -> None:
    seeds = {
        variant: np.array([v for v in by_variant.get(variant, {}).values() if v is not None])
        for variant in variants
    }
    compared = seeds.get(baseline, np.empty(0))
    if len(compared):
        axis.axvspan(compared.min(), compared.max(), color='0.88', linewidth=0, zorder=0)
        axis.axvline(compared.mean(), color='0.75', linewidth=1, zorder=0)
    if chance is not None:
        axis.axvline(chance, color='0.3', linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    for place, variant in enumerate(variants):
        points = seeds[variant]
        if not len(points):
            axis.text(0.02, place, '-', transform=axis.get_yaxis_transform(), va='center')
            continue
        color = SAME if variant == baseline else _judge(points, compared, low_is_good)
        axis.plot([points.mean()] * 2, [place - 0.32, place + 0.32], color=color, linewidth=2.4)
        axis.plot(points, [place] * len(points), 'o', color=color, markersize=4, alpha=0.55)
    title = f'{name} (low is good)' if low_is_good else name
    axis.set_title(title, fontsize=9, loc='left', fontweight='bold')
    axis.tick_params(axis='y', length=0, labelsize=9)
    axis.tick_params(axis='x', labelsize=8)
    axis.margins(x=0.08)
    _widen(axis)
    axis.grid(axis='y', color='0.93', linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[['top', 'right', 'left']].set_visible(False)


def _widen(axis) -> None:
    """Show at least 0.1 of the axis: a difference of 0.001 must not look like one of 0.1."""
    low, high = axis.get_xlim()
    lack = max(0.1 - (high - low), 0) / 2
    first = max(low - lack, min(low, 0))  # no figure is negative
    axis.set_xlim(first, first + high - low + 2 * lack)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.xaxis.set_major_formatter('{x:.3g}')


def _judge(points: np.ndarray, baseline: np.ndarray, low_is_good: bool) -> str:
    if not len(baseline):
        return SAME
    if low_is_good:
        points, baseline = -points, -baseline
    if points.min() > baseline.max():
        return BETTER
    return WORSE if points.max() < baseline.min() else SAME


def _add_legend(figure, baseline: str) -> None:
    entries = {
        f'all seeds better than all of {baseline}': dict(color=BETTER, linewidth=2.4),
        'they overlap': dict(color=SAME, linewidth=2.4),
        'all worse': dict(color=WORSE, linewidth=2.4),
        'a seed': dict(color=SAME, marker='o', linestyle='', markersize=4, alpha=0.55),
        f'range and mean of {baseline}': dict(color='0.8', linewidth=7),
        'chance': dict(color='0.3', linestyle=(0, (4, 3)), linewidth=1),
    }
    handles = [Line2D([], [], **style) for style in entries.values()]
    figure.legend(
        handles, entries, loc='outside upper left', ncols=len(entries), fontsize=8, frameon=False
    )
