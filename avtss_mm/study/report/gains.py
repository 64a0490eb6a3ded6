"""What each part gains, by the number of training videos: a figure, and tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path

import matplotlib

from ...utils.report import markdown_table
from ...visualization.figures import save_figure

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402

Values = dict[str, dict[str, dict[int, float]]]
Points = dict[int, list[float]]


def gain_lines(scale: dict, values: Values) -> list[str]:
    """Format the gains as Markdown: a table per figure, a row per part, a column per size."""
    lines = []
    for figure in scale['figures']:
        rows = [
            [title, *map(_cell, _gain(scale, values.get(figure, {}), *pair).values())]
            for title, pair in scale['gains'].items()
        ]
        lines += ['', f'Gain in `{figure}` by number of training videos (± standard error):', '']
        lines.append(markdown_table(['', *map(str, scale['videos'])], rows))
    return lines


def draw_gains(scale: dict, values: Values, chance: dict[str, float], path: str | Path) -> None:
    """Draw the gains above, and the levels of the parts below, over the number of videos.

    Error bars are standard errors over the seeds, without the error of the test videos.

    Args:
        scale (dict): ``scale`` of the study.
        values (dict): Values by figure, variant and seed.
        chance (dict): Chance level by figure, where there is one.
        path (str | Path): Path of the PNG to write.
    """
    parts = list(dict.fromkeys(part for pair in scale['gains'].values() for part in pair))
    upper = {
        figure: {
            t: _gain(scale, values.get(figure, {}), *pair) for t, pair in scale['gains'].items()
        }
        for figure in scale['figures']
    }
    lower = {
        figure: {part: _level(scale, values.get(figure, {}), part) for part in parts}
        for figure in scale['levels']
    }
    columns = max(len(upper), len(lower))
    figure, axes = plt.subplots(
        2, columns, figsize=(3.2 * columns, 6.4), squeeze=False, layout='constrained'
    )
    for row, panels, title in zip(axes, (upper, lower), ('gain in {}', '{}')):
        for axis, (name, lines) in zip(row, panels.items()):
            _draw_panel(axis, lines, scale['videos'])
            axis.set_title(title.format(name), fontsize=8, loc='left')
            level = 0 if panels is upper else chance.get(name)
            if level is not None:
                axis.axhline(level, color='0.3', linewidth=1, linestyle=(0, (4, 3)), zorder=0)
        for axis in row[len(panels) :]:
            axis.set_axis_off()
        if panels:
            beside = dict(loc='center left', bbox_to_anchor=(1, 0.5))
            row[len(panels) - 1].legend(fontsize=8, frameon=False, **beside)
    save_figure(figure, path, dpi=110)


def _draw_panel(axis, lines: dict[str, Points], videos: Iterable[int]) -> None:
    for place, (name, points) in enumerate(lines.items()):
        shown = {number: values for number, values in points.items() if values}
        shift = 1.03 ** (place - len(lines) / 2)  # error bars must not cover each other
        x = [number * shift for number in shown]
        y = [statistics.mean(values) for values in shown.values()]
        errors = [_error(values) for values in shown.values()]
        axis.errorbar(x, y, errors, marker='o', markersize=3, linewidth=1.2, capsize=2, label=name)
    axis.set_xscale('log')
    axis.set_xticks(videos, map(str, videos))
    axis.minorticks_off()
    axis.set_xlabel('training videos', fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[['top', 'right']].set_visible(False)


def _level(scale: dict, by_variant: dict, part: str) -> Points:
    return {
        number: list(by_variant.get(f'{part}_{number}', {}).values()) for number in scale['videos']
    }


def _gain(scale: dict, by_variant: dict, part: str, without: str) -> Points:
    """Difference of each seed that both parts have, by number of videos."""
    gains = {}
    for number in scale['videos']:
        own, other = (by_variant.get(f'{name}_{number}', {}) for name in (part, without))
        gains[number] = [own[seed] - other[seed] for seed in own if seed in other]
    return gains


def _error(values: list[float]) -> float:
    """Standard error of the mean; 0 of a single value, which shows none."""
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def _cell(values: list[float]) -> str:
    if not values:
        return '-'
    mean = f'{statistics.mean(values):+.3f}'
    return mean if len(values) == 1 else f'{mean} ± {_error(values):.3f}'
