"""Prepares real copies with a ground truth for the fingerprint benchmark."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...errors import UsageError
from ...media import build_manifest, find_media, save_manifest
from ...media.finding import AUDIO_SUFFIXES, SUFFIXES
from ...preparation.files import find_file, index_files
from ...preparation.prepare import CACHE, MISSING
from ...utils.report import progress_bar, write_csv
from ...workers.fan_out import Workers
from .vsc import COLUMNS, VSCMatch, csv_of, read_matches

GALLERY, QUERIES, REJECTS = 'test.json', 'fingerprint/queries.json', 'rejects.csv'
"""Files to write, where ``configs/fingerprint`` expects them."""


class ListedCopy(NamedTuple):
    """A line of a ground truth.

    Attributes:
        query: Name of the copy.
        ref: Name of the reference; empty if the query is not a copy.
        transform: Name of the distortion.
        times: Time map: ``offset``, ``speed`` and, unless it is the whole query, ``query_start``
            and ``query_end``. Second ``t`` of the query is ``offset + speed * t`` of the reference.
            Empty if unknown.
    """

    query: str
    ref: str
    transform: str
    times: dict[str, float]


class Prepared(NamedTuple):
    """Rows of both manifests, rejects ``(side, name, reason)``, queries with several sources."""

    gallery: list[dict]
    queries: list[dict]
    rejects: list[tuple[str, str, str]]
    several: list[str]


def read_ground_truth(path: Path) -> list[ListedCopy]:
    """Read a CSV: ``query,ref[,transform][,offset_s][,speed]``, or that of VSC 2022.

    Raises:
        UsageError: If it has other columns or an invalid line.
    """
    try:
        with open(path, newline='', encoding='utf-8-sig') as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            with csv_of(path, reader):
                columns = reader.fieldnames or ()
                if {'query', 'ref'} <= set(columns):
                    return [_parse(row, f'{path}, line {reader.line_num}') for row in reader]
        if 'query_id' in columns:
            return [_of_match(match) for match in read_matches(path)]
    except ValueError as error:
        raise UsageError(error) from error
    raise UsageError(
        f'{path} has the columns {", ".join(columns)}; it needs query, ref and may have '
        f'transform, offset_s, speed; or {", ".join(COLUMNS[:-1])}'
    )


def _parse(row: dict, place: str) -> ListedCopy:
    if not row['query']:
        raise UsageError(f'{place} names no query')
    times = {}
    try:
        if row.get('offset_s'):
            times = dict(offset=float(row['offset_s']), speed=float(row.get('speed') or 1))
    except ValueError as error:
        raise UsageError(f'{place}: {error}') from error
    return ListedCopy(row['query'], row['ref'] or '', row.get('transform') or 'copy', times)


def _of_match(match: VSCMatch) -> ListedCopy:
    length = match.query_end - match.query_start
    times = {}
    if length > 0:
        speed = (match.ref_end - match.ref_start) / length
        times = dict(offset=match.ref_start - speed * match.query_start, speed=speed)
        times.update(query_start=match.query_start, query_end=match.query_end)
    return ListedCopy(match.query_id, match.ref_id, 'copy', times)


def prepare_copies(
    references: Sequence[Path],
    queries: Sequence[Path],
    truth: Sequence[ListedCopy],
    out: Path,
    workers: Workers = 1,
    timeout: float = 60,
) -> Prepared:
    """Find and probe the files; write both manifests and ``rejects.csv`` below ``out``.

    A query that is missing in the ground truth, or has an empty ``ref``, has no source: nothing
    should be found. A query whose references are missing is skipped. The benchmark supports one
    position per query: of a query with several, only the retrieval of its references counts.

    Args:
        references: Folders of the gallery: the references and unrelated files.
        queries: Folders of the queries.
        truth: Ground truth of :func:`read_ground_truth`.
        out: Folder to write to; file names in the manifests are relative to it.
        workers: Number of processes, or a cluster.
        timeout: Time limit of a file in seconds.
    """
    (out / QUERIES).parent.mkdir(parents=True, exist_ok=True)
    gallery, rejects = _probe(references, out / GALLERY, workers, timeout)
    rows, more = _probe(queries, out / QUERIES, workers, timeout)
    rejects = [('reference', *item) for item in rejects] + [('query', *item) for item in more]
    lines = defaultdict(list)
    query_files = index_files(rows)
    for copy in truth:
        file = find_file(query_files, [copy.query])
        if file is None:
            rejects.append(('query', copy.query, MISSING))
        else:
            lines[file].append(copy)
    reference_files = index_files(gallery)
    kept, several = [], []
    for file, row in rows.items():
        copies = [copy for copy in lines[file] if copy.ref]
        sources = {copy.ref: find_file(reference_files, [copy.ref]) for copy in copies}
        absent = [name for name, found in sources.items() if found is None]
        rejects += [('reference', name, f'{MISSING}, of {file}') for name in absent]
        copies = [copy for copy in copies if copy.ref not in absent]
        if absent and not copies:
            continue
        if copies:
            row.update(source=sorted({sources[copy.ref] for copy in copies}), severity=1)
            row['distortion'] = copies[0].transform
            if all(copy.times == copies[0].times for copy in copies):
                whole = dict(query_start=0.0, query_end=row['duration'])
                row.update({**whole, **copies[0].times} if copies[0].times else {})
            else:
                several.append(file)
        kept.append(row)
    save_manifest(out / GALLERY, list(gallery.values()))
    save_manifest(out / QUERIES, kept)
    rejects = list(dict.fromkeys(rejects))
    write_csv(out / REJECTS, ['side', 'filename', 'reason'], rejects)
    return Prepared(list(gallery.values()), kept, rejects, several)


def _probe(
    folders: Sequence[Path], manifest: Path, workers: Workers, timeout: float
) -> tuple[dict[str, dict], list[tuple[str, str]]]:
    """Probe the files below folders: metadata by name relative to the manifest, and rejects."""
    base = manifest.parent.resolve()
    names = sorted(
        Path(os.path.relpath(folder.resolve() / name, base)).as_posix()
        for folder in folders
        for name in find_media(folder, SUFFIXES | AUDIO_SUFFIXES)
    )
    progress = progress_bar(len(names))
    rows, reasons = build_manifest(
        base, names, workers, timeout, base / CACHE, progress, require_video=False
    )
    return {row['filename']: row for row in rows}, sorted(reasons.items())
