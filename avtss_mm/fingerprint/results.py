"""Prints matches as a table, as JSON, and as CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import fields

from .choices import FOUND_BY
from .clock import clock
from .groups import Member
from .search import Match


def print_matches(matches: Sequence[Match], as_json: bool, as_csv: bool) -> None:
    """Writes the matches of a query to standard output."""
    names = [field.name for field in fields(Match)]
    rows = [_plain(vars(match), names) for match in matches]
    _write(rows, rows, names, as_json, as_csv, _matches_table(matches))


def print_groups(groups: Sequence[Sequence[Member]], as_json: bool, as_csv: bool) -> None:
    """Writes groups of copies to standard output."""
    names = ['video', 'start', 'end', 'speed', 'score', 'modality']
    nested = [[_plain(vars(member), names) for member in group] for group in groups]
    rows = [dict(group=i, **row) for i, group in enumerate(nested, 1) for row in group]
    _write(nested, rows, ['group', *names], as_json, as_csv, _groups_table(groups))


def _write(
    nested: list, rows: list[dict], names: list[str], as_json: bool, as_csv: bool, table: str
) -> None:
    if as_json:
        sys.stdout.write(json.dumps(nested, indent=2) + '\n')
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, names)
        writer.writeheader()
        writer.writerows(rows)
    else:
        sys.stdout.write(table + '\n')


def _plain(values: dict, names: list[str]) -> dict:
    """Rounds numbers, and escapes bytes of paths that are not Unicode."""
    values = {name: values[name] for name in names}
    return {
        name: round(value, 4) if isinstance(value, float) else _escape(value)
        for name, value in values.items()
    }


def _matches_table(matches: Sequence[Match]) -> str:
    """Formats the matches of one query, one line each."""
    if not matches:
        return 'no match'
    rows = [('in query', 'in video', 'speed', 'score', 'by', 'video')]
    for match in matches:
        query = _span(match.query_start, match.query_end)
        rows.append((query, _span(match.video_start, match.video_end), *_cells(match), match.video))
    return _aligned(rows)


def _groups_table(groups: Sequence[Sequence[Member]]) -> str:
    """Formats the files of each group, one line each."""
    if not groups:
        return 'no two files share a stretch'
    rows = [('group', 'stretch', 'speed', 'score', 'by', 'file')]
    for number, group in enumerate(groups, 1):
        rows += [(str(number), _span(m.start, m.end), *_cells(m), m.video) for m in group]
    return _aligned(rows)


def _span(start: float, end: float) -> str:
    return f'{clock(start, 1)}-{clock(end, 1)}'


def _cells(found: Match | Member) -> tuple[str, str, str]:
    return f'{found.speed:.2f}', f'{found.score:.2f}', FOUND_BY[found.modality]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ('   '.join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
    return _escape('\n'.join(line.rstrip() for line in lines))


def _escape(text: str) -> str:
    """Escapes what standard output cannot show."""
    encoding = sys.stdout.encoding or 'utf-8'
    return text.encode(encoding, 'backslashreplace').decode(encoding)
