"""Prints matches as a table, as JSON, and as CSV, and what was indexed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import fields

from ..errors import one_line
from ..media.finding import suffix_advice
from ..utils.report import shorten, write_csv
from .choices import DESCRIPTORS, FOUND_BY, LETTERS, found_by
from .clock import clock
from .groups import Member
from .index.limits import threshold_name, thresholds_of
from .search import Match

SHOWN = dict(video='picture', audio='sound')
DROPPED = dict(video='still pictures', audio='without sound')


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


def print_report(report, opened) -> None:
    """Says what a run has added to an open index, and lists unreadable files beside it."""
    parts = [f'{len(report.added)} files added', f'{report.unchanged} unchanged']
    parts += [f'{len(report.removed)} removed'] if report.removed else []
    print(f'{opened.folder}: {len(opened.catalog.files)} files ({", ".join(parts)})')
    for name in SHOWN:
        number, dropped = report.chunks[name], report.dropped[name]
        if number or dropped:
            dropped = f', {dropped} left out ({DROPPED[name]})' if dropped else ''
            print(f'  {SHOWN[name]}: {number} chunks added{dropped}')
    others = {name: letter for name, letter in LETTERS.items() if name not in SHOWN}
    beside = [DESCRIPTORS[letter] for name, letter in others.items() if report.chunks[name]]
    if beside:
        print(f'  beside the learned features: {" and ".join(beside)}')
    for folder, number in report.missing.items():
        print(
            f'  {number} files, most of {folder}, are missing: they stay in the index, as its '
            'drive may be absent; --prune removes them'
        )
    if report.ignored:
        print(f'  {suffix_advice(report.ignored)}')
    if report.empty:
        print(f'  {len(report.empty)} files cannot be recognised: {shorten(report.empty)}')
    rejects = opened.folder / 'unreadable.csv'
    rejects.unlink(missing_ok=True)
    if report.unreadable:
        write_csv(rejects, ['filename', 'reason'], sorted(report.unreadable.items()))
        print(f'  {len(report.unreadable)} files could not be read, listed in {rejects}')


def nearest(near, threshold: float | None, metadata: dict) -> str:
    """Says how far the best score is below the threshold, and where the threshold comes from."""
    if not near:
        return 'nothing in the index is similar to it'
    best = near[0]
    source = metadata.get('thresholds_from', 'from an older version: "avtss-fp index" updates it')
    if threshold is None:
        threshold = thresholds_of(metadata)[threshold_name(best.descriptors)]
    else:
        source = '--threshold'
    return one_line(
        f'the best score is {best.score:.2f} (by {FOUND_BY[best.modality]}, {best.video}), the '
        f'threshold {threshold:.2f} ({source})'
    )


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
        video = _span(match.video_start, match.video_end)
        by = found_by(match.modality, match.descriptors)
        rows.append((query, video, *_cells(match, by), match.video))
    return _aligned(rows)


def _groups_table(groups: Sequence[Sequence[Member]]) -> str:
    """Formats the files of each group, one line each."""
    if not groups:
        return 'no two files share a stretch'
    rows = [('group', 'stretch', 'speed', 'score', 'by', 'file')]
    for number, group in enumerate(groups, 1):
        for m in group:
            cells = _cells(m, FOUND_BY[m.modality])
            rows.append((str(number), _span(m.start, m.end), *cells, m.video))
    return _aligned(rows)


def _span(start: float, end: float) -> str:
    return f'{clock(start, 1)}-{clock(end, 1)}'


def _cells(found: Match | Member, by: str) -> tuple[str, str, str]:
    return f'{found.speed:.2f}', f'{found.score:.2f}', by


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ('   '.join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
    return _escape('\n'.join(line.rstrip() for line in lines))


def _escape(text: str) -> str:
    """Escapes what standard output cannot show."""
    encoding = sys.stdout.encoding or 'utf-8'
    return text.encode(encoding, 'backslashreplace').decode(encoding)
