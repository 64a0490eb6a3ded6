"""Makes manifests from the official lists and the files on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from ..media import build_manifest, find_media, save_manifest
from ..media.finding import AUDIO_SUFFIXES, SUFFIXES, suffix_advice
from ..media.rows import may_sound
from ..utils.report import format_table, progress_bar, shorten, write_csv
from ..workers.fan_out import Workers
from .files import find_file, index_files
from .lists import Clip, Listing

CACHE = '.probe_cache.jsonl'
"""Cache of the metadata of a data set's files: later runs only probe changed files."""

MISSING = 'no such file'
NO_SOUND = 'no sound'


class Split(NamedTuple):
    """Result for the clips of a list: rows of the manifest, and rejected names with reasons."""

    rows: list[dict]
    rejects: list[tuple[str, str]]


class Prepared(NamedTuple):
    """A prepared data set: splits by name, the number of files in no list, and advice about files
    skipped because of their suffix ('' if there are none)."""

    splits: dict[str, Split]
    num_unlisted: int
    other_suffixes: str


def prepare(
    root: Path,
    listing: Listing,
    sound_only: bool = False,
    workers: Workers = 1,
    timeout: float = 60,
    suffixes: Sequence[str] = (),
) -> Prepared:
    """Finds and probes the files of the lists; writes manifests and ``rejects.csv``.

    Args:
        root: Folder of the data set, in which ``<split>.json``, ``rejects.csv`` and ``classes.csv``
            (number of clips per class and split) are written. A split without a good file gets no
            manifest.
        listing: Official lists.
        sound_only: Whether files need audio but no video.
        workers: Number of processes, or a cluster.
        timeout: Time limit of a file in seconds.
        suffixes: Suffixes of further files to include.
    """
    known = SUFFIXES.union(AUDIO_SUFFIXES if sound_only else (), suffixes)
    left_out = Counter()
    on_disk = find_media(root, known, every_link=True, left_out=left_out)
    index = index_files(on_disk)
    found = {
        split: [(clip, find_file(index, clip.names, split)) for clip in clips]
        for split, clips in listing.splits.items()
    }
    listed = {file for pairs in found.values() for _, file in pairs if file is not None}
    rows, reasons = build_manifest(
        root, sorted(listed), workers, timeout, root / CACHE, progress_bar(len(listed)),
        require_video=not sound_only,
    )  # fmt: skip
    facts = {row['filename']: row for row in rows}
    if sound_only:
        reasons.update({name: NO_SOUND for name, row in facts.items() if row['silent']})
        facts = {name: row for name, row in facts.items() if not row['silent']}
    splits = {split: _divide(pairs, facts, reasons) for split, pairs in found.items()}
    for name, split in splits.items():
        if split.rows:
            save_manifest(root / f'{name}.json', split.rows, listing.classes)
    rejects = [(*pair, name) for name, split in splits.items() for pair in split.rejects]
    write_csv(root / 'rejects.csv', ['filename', 'reason', 'split'], rejects)
    counts = {name: _count_classes(split.rows) for name, split in splits.items()}
    table = (
        [name, *(count[label] for count in counts.values())]
        for label, name in enumerate(listing.classes)
    )
    write_csv(root / 'classes.csv', ['class', *counts], table)
    return Prepared(splits, len(on_disk) - len(listed), suffix_advice(left_out))


def _divide(pairs: list[tuple[Clip, str | None]], facts: dict, reasons: dict) -> Split:
    rows, rejects = [], []
    for clip, file in pairs:
        if file in facts:
            rows.append({**facts[file], **clip.row})
        elif file is None:
            rejects.append((clip.names[0], MISSING))
        else:
            rejects.append((file, reasons[file]))
    return Split(rows, rejects)


def _count_classes(rows: list[dict]) -> Counter:
    """Counts the clips of each label; a clip with several labels counts for each."""
    return Counter(label for row in rows for label in row.get('labels', [row.get('label')]))


def summary(listing: Listing, prepared: Prepared, sound_only: bool = False) -> str:
    """Formats a table with a line per split, and remarks."""
    fate = 'left out' if sound_only else 'kept'
    header = 'split listed found missing broken no_sound kept min median max'.split()
    table, remarks = [[name.replace('_', ' ') for name in header]], []
    for name, split in prepared.splits.items():
        counts = _count_classes(split.rows)
        sizes = [counts[label] for label in range(len(listing.classes))] or [0]
        reasons = Counter(reason for _, reason in split.rejects)
        listed = len(split.rows) + len(split.rejects)
        silent = reasons[NO_SOUND] + sum(not may_sound(row) for row in split.rows)
        broken = len(split.rejects) - reasons[MISSING] - reasons[NO_SOUND]
        table.append(
            [name, listed, listed - reasons[MISSING], reasons[MISSING], broken, silent]
            + [len(split.rows), min(sizes), f'{median(sizes):g}', max(sizes)]
        )
        empty = [text for label, text in enumerate(listing.classes) if not counts[label]]
        if empty and split.rows:
            share = f'{len(empty):,} of {len(sizes):,} classes'
            remarks.append(f'{name}: {share} without a clip: {shorten(empty)}')
    if prepared.num_unlisted:
        remarks.append(f'media files in no list: {prepared.num_unlisted:,}')
    if prepared.other_suffixes:
        remarks.append(prepared.other_suffixes)
    if listing.absent:
        remarks.append(f'not prepared, because the list is not there: {shorten(listing.absent)}')
    legend = f'(clips without sound are {fate}; min, median, max: kept clips of a class)'
    return '\n'.join([format_table(table), legend, *remarks])
