"""The table of a study: mean and spread over seeds, and every single run."""

from __future__ import annotations

import csv
import io
import math
import statistics
from dataclasses import dataclass
from itertools import chain

from ...files.whole_file import write_whole
from ...utils.report import markdown_table
from ..evaluations import MEASURES, Evaluation
from ..plan import Study
from ..results import read_results
from .gains import gain_lines


@dataclass(frozen=True)
class Summary:
    """All existing figures of a study.

    Attributes:
        values: Value of each seed, by figure and variant; None where it was not reached.
        chance: Chance level, by figure.
        groups: Names of the figures of each measure.
        low_is_good: Names of the figures for which lower is better.
        facts: Metadata of each measured run, by variant and seed.
    """

    values: dict[str, dict[str, dict[int, float | None]]]
    chance: dict[str, float]
    groups: dict[str, list[str]]
    low_is_good: set[str]
    facts: dict[tuple[str, int], dict]


def summarise(study: Study) -> Summary:
    """Collect the figures of all runs of a study."""
    summary = Summary({}, {}, {}, set(), {})
    columns = {}
    for run in study.runs():
        results = read_results(study, run)
        if results is None:
            continue
        summary.facts[run.variant.name, run.seed] = results['facts']
        for group in (name for name in study.groups() if name in results['groups']):
            figures = results['groups'][group]
            columns.setdefault(group, []).append(list(figures))
            for name, value in figures.items():
                if name.endswith('_chance'):
                    summary.chance[name.removesuffix('_chance')] = value
                    continue
                row = summary.values.setdefault(name, {}).setdefault(run.variant.name, {})
                row[run.seed] = value
    for group, lists in columns.items():  # in the order of the variant with most figures
        names = dict.fromkeys(chain(*sorted(lists, key=len, reverse=True)))
        summary.groups[group] = [name for name in names if name in summary.values]
        evaluation, measure = study.groups()[group]
        low = tuple(map(evaluation.prefixed, MEASURES[measure].low_is_good))
        summary.low_is_good.update(name for name in names if name.startswith(low))
    return summary


def cell(values: list[float | None], digits: int = 3) -> str:
    """Format ``mean ± sample standard deviation`` over seeds; a dash if there are no values.

    If some seeds never reached the accuracy, there is no mean: ``2 of 3``.
    """
    reached = [value for value in values if value is not None]
    if not values:
        return '-'
    if len(reached) < len(values):
        return f'{len(reached)} of {len(values)}'
    mean = f'{statistics.mean(reached):.{digits}f}'
    return mean if len(reached) == 1 else f'{mean} ± {statistics.stdev(reached):.{digits}f}'


def table_text(study: Study, summary: Summary, command: str, failed: dict[str, str]) -> str:
    """Format the study as Markdown.

    Args:
        study (Study): Study to report.
        summary (Summary): Result of :func:`summarise`.
        command (str): Command that makes the report.
        failed (dict): Reasons of failed runs, by name.

    Returns:
        str: One table per measure with a row per variant, chance first; then a footer with the
        command, the data, the software and the effect of chance on a figure.
    """
    lines = [f'# {study.name}']
    for group, (evaluation, measure) in study.groups().items():
        lines += ['', f'{evaluation.prefixed(MEASURES[measure].title)}:'.replace('/', ': ', 1), '']
        names = summary.groups.get(group, [])
        if not names:
            lines.append('(no figures)')
            continue
        rows = []
        if any(name in summary.chance for name in names):
            levels = [cell([summary.chance[n]] if n in summary.chance else []) for n in names]
            rows.append(['chance', *levels])
        for variant in study.variants:
            values = (summary.values[name].get(variant, {}).values() for name in names)
            rows.append([variant, *(cell(list(v), MEASURES[measure].digits) for v in values)])
        lines.append(markdown_table(['', *names], rows))
    if study.scale['videos']:
        lines += gain_lines(study.scale, summary.values)
    return '\n'.join([*lines, '', *_foot(study, summary, command, failed)]) + '\n'


def _foot(study: Study, summary: Summary, command: str, failed: dict[str, str]) -> list[str]:
    facts = list(summary.facts.values())
    seeds = ', '.join(map(str, study.seeds))
    count = len(summary.facts)
    lines = [
        f'Mean ± sample standard deviation over seeds {seeds}; {count} of {len(study.runs())} runs '
        'are measured. A dash: not measured, or not possible with this variant.',
    ]
    missing = [
        f'{variant} ({", ".join(str(s) for s in study.seeds if (variant, s) not in summary.facts)})'
        for variant in study.variants
        if any((variant, seed) not in summary.facts for seed in study.seeds)
    ]
    if missing:
        lines.append(f'Not measured (seeds): {", ".join(missing)}.')
    lines += [f'Failed: {name}: {reason}' for name, reason in failed.items()]
    if not facts:
        return _list(lines)
    sizes = {name: value for f in facts for name, value in f['videos'].items()}
    for evaluation in study.evaluations.values():
        lines.append(_size(evaluation, sizes))
    lines.append(
        'All variants are measured on the same files, so a difference is more certain than a '
        'single figure; more seeds do not reduce the standard error.'
    )
    numbers = ' or '.join(map(str, sorted({f['videos']['train'] for f in facts})))
    lines.append(f'{numbers} training videos; {_training(study, facts)}.')
    if any(measure == 'fingerprint' for _, measure in study.groups().values()):
        settings = study.fingerprint
        kinds = ', '.join(settings['distortions'])
        lines.append(
            f'Copies: {kinds}, severity {settings["severity"]}, of up to {settings["num_videos"]} '
            f'among up to {settings["num_references"]} test videos; `v` and `a` are means over the '
            'distortions that change the picture or the sound.'
        )
    if study.reach:
        levels = ', '.join(f'{name} {value:g}' for name, value in study.reach.items())
        lines.append(f'Epochs until: {levels}; `2 of 3`: only two of three seeds reached it.')
    software = {}
    for row in facts:
        for name, value in row['software'].items():
            software.setdefault(name, {})[value] = None
    texts = [f'{name} {" and ".join(values)}' for name, values in software.items()]
    return _list([*lines, f'Made by `{command}`; {", ".join(texts)}.'])


def _size(evaluation: Evaluation, sizes: dict[str, int]) -> str:
    """Describe the number of files, and how much chance moves an accuracy on them."""
    gallery, queries = (sizes[evaluation.prefixed(side)] for side in ('gallery', 'query'))
    bound, tenth = (math.sqrt(p * (1 - p) / queries) for p in (0.5, 0.1))
    name = f'{evaluation.name}: ' if evaluation.name else ''
    folds = f' in {len(evaluation.folds)} folds' if len(evaluation.folds) > 1 else ''
    return (
        f'{name}{gallery} files in the gallery, {queries} queries{folds}: the standard error of an '
        f'accuracy is {bound:.3f} at 0.5, {tenth:.3f} at 0.1 and 0.9.'
    )


def _training(study: Study, facts: list[dict]) -> str:
    trained = {(f['steps'], f['batch_size']) for f in facts if f['steps']}
    steps = ' or '.join(f'{steps} steps of {size} videos' for steps, size in sorted(trained))
    numbers = sorted({variant.epochs for variant in study.variants.values()})
    epochs = f'{" or ".join(map(str, numbers))} epoch' + 's' * (numbers != [1])
    return f'{epochs} = {steps}' if steps else epochs


def _list(lines: list[str]) -> list[str]:
    return [f'- {line}' for line in lines]


def write_tables(study: Study, summary: Summary, command: str, failed: dict[str, str]) -> str:
    """Write ``table.md`` and ``table.csv`` (a row per run, and one with the chance levels).

    Returns:
        str: Text of ``table.md``.
    """
    text = table_text(study, summary, command, failed)
    write_whole(study.out / 'table.md', text)
    names = [name for group in study.groups() for name in summary.groups.get(group, [])]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(['variant', 'seed', 'steps', 'train_seconds', 'measure_seconds', *names])
    writer.writerow(['chance', '', '', '', '', *(summary.chance.get(name, '') for name in names)])
    for (variant, seed), facts in summary.facts.items():
        spent = round(sum(facts['seconds'].values()), 1)
        figures = (summary.values[name].get(variant, {}).get(seed) for name in names)
        row = [variant, seed, facts['steps'], facts.get('train_seconds', ''), spent]
        writer.writerow([*row, *('' if value is None else value for value in figures)])
    write_whole(study.out / 'table.csv', file.getvalue())
    return text
