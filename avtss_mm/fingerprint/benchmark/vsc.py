"""Matches as CSV in the format of the Video Similarity Challenge 2022.

https://github.com/facebookresearch/vsc2022: columns ``query_id``, ``ref_id``, ``query_start``,
``query_end``, ``ref_start``, ``ref_end`` (seconds) and, of predictions, ``score``, in any order.
Its ids are numbers after a ``Q`` or an ``R``; other ids are kept as they are.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ...utils.report import write_csv

if TYPE_CHECKING:  # these need torch, but files of matches do not
    from .scores import Answer, Truth


@dataclass(frozen=True)
class VSCMatch:
    """A segment of a query that is a copy of a segment of a reference, in seconds."""

    query_id: str
    ref_id: str
    query_start: float
    query_end: float
    ref_start: float
    ref_end: float
    score: float = 1.0


COLUMNS = tuple(column.name for column in fields(VSCMatch))


def write_matches(path: str | Path, matches: Iterable[VSCMatch]) -> None:
    """Write predictions or ground truth."""
    write_csv(path, COLUMNS, [astuple(match) for match in matches])


def write_vsc(
    folder: Path,
    gallery: Sequence[dict],
    queries: Sequence[dict],
    truths: Sequence[Truth],
    answers: Sequence[Answer],
) -> None:
    """Write the matches of a benchmark, its ground truth, and the file of each id.

    Args:
        folder (Path): Folder for ``matches_<modality>.csv``, ``ground_truth.csv`` and ``ids.csv``.
        gallery (Sequence[dict]): Rows of the gallery with ``filename``.
        queries (Sequence[dict]): Rows of the queries with ``filename``.
        truths (Sequence[Truth]): Ground truth of the queries.
        answers (Sequence[Answer]): Answers whose ``labels`` have ``filename`` and ``modality``.
    """
    query_ids = {row['filename']: f'Q{i:06d}' for i, row in enumerate(queries)}
    reference_ids = [f'R{i:06d}' for i in range(len(gallery))]
    rows = [(identity, name) for name, identity in query_ids.items()]
    rows += zip(reference_ids, (row['filename'] for row in gallery))
    write_csv(folder / 'ids.csv', ['id', 'filename'], rows)
    matches = defaultdict(list)
    for item in answers:
        if item.segment is not None:
            s = item.segment
            span = (s.query_start, s.query_end, s.video_start, s.video_end, s.score)
            ids = query_ids[item.labels['filename']], reference_ids[s.video]
            matches[item.labels['modality']].append(VSCMatch(*ids, *span))
    for modality, rows in matches.items():
        write_matches(folder / f'matches_{modality}.csv', rows)
    truth_rows = []
    for row, truth in zip(queries, truths):
        if truth.time_map is not None:
            copied = truth.time_map.query_start, truth.time_map.query_end
            truth_rows += [
                VSCMatch(query_ids[row['filename']], reference_ids[v], *copied, *truth.span())
                for v in truth.videos
            ]
    write_matches(folder / 'ground_truth.csv', truth_rows)


def read_matches(path: str | Path) -> list[VSCMatch]:
    """Read predictions or ground truth; ground truth needs no ``score``.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If a column is missing or a line is invalid.
    """
    with open(path, newline='', encoding='utf-8-sig') as file:
        reader = csv.DictReader(file)
        with csv_of(path, reader):
            missing = [c for c in COLUMNS[:-1] if c not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f'{path} has no column {", ".join(missing)}')
            return [_parse(row, f'{path}, line {reader.line_num}') for row in reader]


@contextmanager
def csv_of(path: str | Path, reader: csv.DictReader) -> Iterator[None]:
    """Names the file and the line if a file is not CSV.

    Raises:
        ValueError: If so.
    """
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f'{path}, line {reader.line_num + 1} is not CSV ({error})') from error


def _parse(row: dict, place: str) -> VSCMatch:
    try:
        seconds = [float(row[name]) for name in COLUMNS[2:6]]
        score = float(row.get('score') or 1.0)
        if not row['query_id'] or not row['ref_id']:
            raise ValueError('an id is missing')
    except (TypeError, ValueError) as error:
        raise ValueError(f'{place}: {error}') from error
    if not all(map(math.isfinite, seconds)):
        raise ValueError(f'{place}: times must be numbers')
    if seconds[0] > seconds[1] or seconds[2] > seconds[3]:
        raise ValueError(f'{place}: a segment ends before it begins')
    return VSCMatch(row['query_id'], row['ref_id'], *seconds, score)
