"""Figures of copy detection by distortion and severity."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

from ...visualization.figures import save_figure  # noqa: E402

TITLES = dict(v='picture', a='sound', av='picture and sound')
STYLES = ('-', '--', ':', '-.')


def draw_heat_maps(rows: Sequence[dict], path: str | Path, figure: str = 'R@1') -> None:
    """Draw a heat map of distortions (down) and severities (across), one panel per modality.

    Cells of distortions that do not change the modality are pale; a star marks distortions that are
    not part of the mean.

    Args:
        rows (Sequence[dict]): Rows of
            :func:`avtss_mm.fingerprint.benchmark.robustness_table.tabulate`.
        path (str | Path): Path of the PNG to write.
        figure (str): Column to draw, with values from 0 to 1. Defaults to 'R@1'.
    """
    names = list(dict.fromkeys((r['family'], r['distortion'], r['headline']) for r in rows))
    severities = sorted({row['severity'] for row in rows})
    modalities = [m for m in TITLES if any(row['modality'] == m for row in rows)]
    place = {name: i for i, (_, name, _) in enumerate(names)}
    size = (2.6 + 1.9 * len(modalities), 1.2 + 0.26 * len(names))
    canvas, axes = plt.subplots(
        1, len(modalities), figsize=size, sharey=True, squeeze=False, layout='constrained'
    )
    for axis, modality in zip(axes[0], modalities):
        values = np.full((len(names), len(severities)), np.nan)
        alpha = np.ones_like(values)
        for row in rows:
            if row['modality'] == modality:
                cell = place[row['distortion']], severities.index(row['severity'])
                values[cell] = row[figure]
                alpha[cell] = 1.0 if modality == 'av' or modality in row['affects'] else 0.3
        image = axis.imshow(values, vmin=0, vmax=1, cmap='viridis', aspect='auto', alpha=alpha)
        for (y, x), value in np.ndenumerate(values):
            bright = not value <= 0.6 or alpha[y, x] < 1  # also if there is no value
            text = '-' if np.isnan(value) else f'{100 * value:.0f}'
            axis.text(
                x, y, text, ha='center', va='center', fontsize=8, color='k' if bright else 'w'
            )
        axis.set_title(TITLES[modality], fontsize=10)
        axis.set_xticks(range(len(severities)), severities)
        axis.set_xlabel('severity')
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        for y in _family_ends(names):
            axis.axhline(y - 0.5, color='w', linewidth=3)
    labels = [name if headline else f'{name} *' for _, name, headline in names]
    axes[0, 0].set_yticks(range(len(names)), labels, fontsize=9)
    starts = [0, *_family_ends(names)]
    for start, (family, _) in zip(starts, groupby(names, key=lambda name: name[0])):
        axes[0, 0].annotate(
            family,
            (-0.95, start),
            xycoords=('axes fraction', 'data'),
            va='center',
            fontsize=9,
            color='0.4',
            annotation_clip=False,
        )
    canvas.colorbar(image, ax=axes[0, -1], label=figure, shrink=0.4)
    save_figure(canvas, path, dpi=100)


def draw_severity_curves(
    tables: dict[str, Sequence[dict]], path: str | Path, figure: str = 'R@1'
) -> None:
    """Draw the mean over the distortions of each family against severity.

    There is one panel per family of headline distortions; other distortions have separate panels
    with a star. Colours are modalities, line styles are methods. Nothing is drawn for a single
    severity.

    Args:
        tables (dict): Rows by name of the method.
        path (str | Path): Path of the PNG to write.
        figure (str): Column to draw, with values from 0 to 1. Defaults to 'R@1'.
    """
    if len({row['severity'] for rows in tables.values() for row in rows}) < 2:
        return
    panels = {}
    for method, rows in tables.items():
        for row in rows:
            if row['modality'] == 'av' or row['modality'] in row['affects']:
                panel = panels.setdefault((row['family'], row['headline']), {})
                line = panel.setdefault((row['modality'], method), {})
                line.setdefault(row['severity'], []).append(row[figure])
    columns = min(4, len(panels))
    lines = -(-len(panels) // columns)
    canvas, axes = plt.subplots(
        lines,
        columns,
        figsize=(3.2 * columns + 1.5, 2.6 * lines),
        sharey=True,
        squeeze=False,
        layout='constrained',
    )
    handles = {}
    for axis, ((family, headline), panel) in zip(axes.flat, panels.items()):
        for modality, method in sorted(panel, key=lambda line: list(TITLES).index(line[0])):
            points = panel[modality, method]
            color = f'C{list(TITLES).index(modality)}'
            style = STYLES[list(tables).index(method) % len(STYLES)]
            name = TITLES[modality] if len(tables) == 1 else f'{TITLES[modality]}, {method}'
            severities = sorted(points)
            values = [np.nanmean(points[severity]) for severity in severities]
            (handles[name],) = axis.plot(severities, values, style, color=color, marker='.')
            axis.set_xticks(severities)
        axis.set_title(family if headline else f'{family} *', fontsize=10)
        axis.set_ylim(-0.03, 1.03)
        axis.grid(alpha=0.3)
        axis.spines[['top', 'right']].set_visible(False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel(figure)
    canvas.supxlabel('severity', fontsize=10)
    canvas.legend(handles.values(), handles, loc='outside right upper', frameon=False, fontsize=9)
    save_figure(canvas, path, dpi=100)


def _family_ends(names: Sequence[tuple]) -> list[int]:
    """Positions at which the family changes."""
    return [i for i in range(1, len(names)) if names[i][0] != names[i - 1][0]]
