"""The table distortion x severity x modality as rows, CSV, JSON and text."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...files.whole_file import write_whole
from ...utils.report import write_csv
from ..choices import MODALITIES
from ..distortion.suite import SUITE_V1
from .scores import Answer, summarise

LINES = {line.name: line for line in SUITE_V1}
PLAIN = 'copy'
"""Name of the row of queries without a distortion."""
LABELS = ('distortion', 'severity', 'family', 'affects', 'headline', 'modality')
SHOWN = dict(R1='R@1', t1='within_1s', F1='segment_F1')
LEGEND = (
    'v: picture, a: sound, av: both. R1: share found first, t1: share placed within 1 s, '
    'F1: of segments. -: nothing to compare, *: outside the mean'
)


def tabulate(answers: Sequence[Answer]) -> list[dict]:
    """Compute the rows of the table.

    Negative queries belong to the row of their distortion and severity, or to all rows if they have
    no distortion.

    Args:
        answers (Sequence[Answer]): Answers whose ``labels`` have ``modality`` and, if known,
            ``distortion``, ``severity``, ``family`` and ``modality_affected``.

    Returns:
        list[dict]: ``LABELS`` and the figures of :func:`summarise`, in the order of the suite,
        without combinations that have no query with a source.
    """
    positives, negatives, known = defaultdict(list), defaultdict(list), {}
    for item in answers:
        name, severity = item.labels.get('distortion'), item.labels.get('severity') or 0
        if item.truth.videos:
            name = name or PLAIN
            positives[name, severity, item.labels['modality']].append(item)
            known.setdefault(name, item.labels)
        else:
            negatives[name, severity if name else 0, item.labels['modality']].append(item)
    rows = []
    for (name, severity, modality), group in positives.items():
        line, labels = LINES.get(name), known[name]
        false = negatives[name, severity, modality] + negatives[None, 0, modality]
        rows.append(
            dict(
                distortion=name,
                severity=int(severity),
                family=line.family if line else labels.get('family') or 'other',
                affects=line.modality if line else labels.get('modality_affected') or 'av',
                headline=line.headline if line else True,
                modality=modality,
                **summarise(group, false),
            )
        )
    order = {name: i for i, name in enumerate([*LINES, *known])}
    place = {modality: i for i, modality in enumerate(MODALITIES)}
    return sorted(rows, key=lambda r: (order[r['distortion']], r['severity'], place[r['modality']]))


def means(rows: Sequence[dict]) -> dict[str, float]:
    """Average each figure of each modality over the rows of the table.

    Returns:
        dict: ``<modality>_<figure>`` over the headline rows, ``<modality>_apart_<figure>`` over the
        others (speed, reverse, ...), of distortions that change the modality.
    """
    figures = [name for name in rows[0] if name not in (*LABELS, 'queries', 'negatives')]
    result = {}
    for modality in MODALITIES:
        for prefix, headline in ((modality, True), (f'{modality}_apart', False)):
            chosen = [
                row
                for row in rows
                if row['modality'] == modality and row['headline'] is headline and is_affected(row)
            ]
            for name in figures:
                values = [row[name] for row in chosen if np.isfinite(row[name])]
                if values:
                    result[f'{prefix}_{name}'] = float(np.mean(values))
    return result


def is_affected(row: dict) -> bool:
    """Whether the distortion of a row changes its modality."""
    return row['modality'] == 'av' or row['modality'] in row['affects']


def write_table(folder: str | Path, rows: Sequence[dict]) -> None:
    """Write ``table.csv`` and ``table.json`` into a folder; NaN becomes empty or null."""
    rows = [{key: None if value != value else value for key, value in row.items()} for row in rows]
    names = list(rows[0])
    cells = ([_rounded(row.get(name)) for name in names] for row in rows)
    write_csv(Path(folder, 'table.csv'), names, cells)
    text = ',\n'.join(json.dumps(row) for row in rows)
    write_whole(Path(folder, 'table.json'), f'[\n{text}\n]\n')


def _rounded(value):
    return round(value, 6) if isinstance(value, float) else value


def read_table(path: str | Path) -> list[dict]:
    """Read a ``table.json``.

    Raises:
        ValueError: If it is not such a table.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding='utf-8'))
        if not rows or not all(set(LABELS) <= set(row) for row in rows):
            raise ValueError('rows without the columns ' + ', '.join(LABELS))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f'{path} is not a table.json of FingerprintMetric: {error}') from error
    return [{key: np.nan if value is None else value for key, value in row.items()} for row in rows]


def table_text(tables: dict[str, Sequence[dict]]) -> str:
    """Format the table: R@1, share located within 1 s (t1) and segment F1 of each modality.

    Of further tables only R@1 is shown, for the modalities that they have.

    Args:
        tables (dict): Rows by name of the method; the first one is the tested method.
    """
    first, *others = tables
    cells = {name: {_key(row): row for row in rows} for name, rows in tables.items()}
    shown = {(name, modality) for name, keys in cells.items() for *_, modality in keys}
    columns = []
    for modality in (m for m in MODALITIES if (first, m) in shown):
        columns += [(f'{modality} {short}', first, modality, key) for short, key in SHOWN.items()]
        there = [name for name in others if (name, modality) in shown]
        columns += [(f'{modality} {name}', name, modality, 'R@1') for name in there]
    widths = [max(len(title), 5) for title, *_ in columns]
    head = ' '.join(f'{title:>{width}}' for (title, *_), width in zip(columns, widths))
    lines = [f'{"distortion":<14} sev    n {head}']
    for name, severity in dict.fromkeys(key[:2] for key in cells[first]):
        rows = [cells[first][key] for key in cells[first] if key[:2] == (name, severity)]
        star = '' if rows[0]['headline'] else ' *'
        values = [
            _number(cells[table].get((name, severity, modality), {}).get(key))
            for _, table, modality, key in columns
        ]
        text = ' '.join(f'{value:>{width}}' for value, width in zip(values, widths))
        count = max(row['queries'] for row in rows)
        lines.append(f'{name + star:<14} {severity:>3} {count:>4} {text}')
    averages = {name: means(rows) for name, rows in tables.items()}
    values = [
        _number(averages[table].get(f'{modality}_{key}')) for _, table, modality, key in columns
    ]
    text = ' '.join(f'{value:>{width}}' for value, width in zip(values, widths))
    lines += [f'{"mean":<14} {"":>3} {"":>4} {text}', LEGEND]
    return '\n'.join(lines)


def _key(row: dict) -> tuple:
    return row['distortion'], row['severity'], row['modality']


def _number(value: float | None) -> str:
    return '-' if value is None or value != value else f'{value:.3f}'
