"""Matches as a table to read, as JSON, and as CSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields

from .search import Match

SHOWN = dict(v='picture', a='sound', av='both')


def write_matches(
    matches: Sequence[Match],
    as_json: bool,
    as_csv: bool,
    table: Callable[[Sequence[Match]], str],
) -> None:
    """Writes matches to the standard output; what is not Unicode in a path is escaped."""
    rows = [asdict(match) for match in matches]
    for row in rows:
        for name, value in row.items():
            row[name] = round(value, 4) if isinstance(value, float) else _escape(value)
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + '\n')
    elif as_csv:
        writer = csv.DictWriter(sys.stdout, [field.name for field in fields(Match)])
        writer.writeheader()
        writer.writerows(rows)
    else:
        sys.stdout.write(_escape(table(matches)) + '\n')


def matches_table(matches: Sequence[Match]) -> str:
    """A line for each match of one query."""
    if not matches:
        return 'no match'
    rows = [('in query', 'in video', 'speed', 'score', 'by', 'video')]
    for match in matches:
        rows.append((*_cells(match), match.video))
    return _aligned(rows)


def copies_table(matches: Sequence[Match]) -> str:
    """Two lines for each pair of files."""
    if not matches:
        return 'no two files share a stretch'
    rows = [('', '', 'speed', 'score', 'by', '')]
    for match in matches:
        mine, theirs, *cells = _cells(match)
        rows.append((mine, '', *cells, match.query))
        rows.append(('', theirs, '', '', '', match.video))
    rows[0] = ('in first', 'in second', *rows[0][2:5], 'files')
    return _aligned(rows)


def clock(seconds: float) -> str:
    """``1:02:03.4`` or ``2:03.4``."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f'{minutes:02d}' if hours else str(minutes)
    return f'{f"{hours}:" if hours else ""}{rest}:{tenths // 10:02d}.{tenths % 10}'


def _cells(match: Match) -> tuple[str, ...]:
    return (
        f'{clock(match.query_start)}-{clock(match.query_end)}',
        f'{clock(match.video_start)}-{clock(match.video_end)}',
        f'{match.speed:.2f}',
        f'{match.score:.2f}',
        SHOWN[match.modality],
    )


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ('   '.join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
    return '\n'.join(line.rstrip() for line in lines)


def _escape(text: str) -> str:
    return text.encode('utf-8', 'backslashreplace').decode()
