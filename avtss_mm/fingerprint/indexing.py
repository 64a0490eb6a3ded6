"""Makes and updates the index of folders of media."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ..apis.embedder import ClipFeatures, Embedder
from ..errors import one_line
from ..media.finding import AUDIO_SUFFIXES, SUFFIXES
from ..media.remote import absolute
from ..media.shards import find_members
from ..media.sources import stamp_of
from ..utils.work import TIMEOUT
from ..workers.fan_out import Workers
from ..workers.progress import bar, late_bar
from .background import add_background
from .embed_media import embed_media
from .embedding import usable_chunks
from .index.calibration import find_thresholds
from .index.index import FingerprintIndex
from .index.index_whitening import update_whitening


@dataclass
class Report:
    """Summary of a run.

    Attributes:
        added: Files that were embedded.
        unchanged: Number of files that were already in the index.
        removed: Files that were removed because they are missing or no longer readable.
        missing: Number of missing files that were kept because most of their folder is missing, by
            folder.
        ignored: Number of files that were not opened, by suffix.
        unreadable: Reasons why files were skipped, by path.
        chunks: Number of chunks of the added files by descriptor.
        dropped: Number of their chunks that are still or silent, by descriptor.
        empty: Added files without any remaining chunk.
    """

    added: list[str] = field(default_factory=list)
    unchanged: int = 0
    removed: list[str] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    ignored: Counter = field(default_factory=Counter)
    unreadable: dict[str, str] = field(default_factory=dict)
    chunks: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)


def index_folders(
    index: FingerprintIndex,
    embedder: Embedder,
    folders: Sequence[str],
    modalities: tuple[str, ...] | None = None,
    workers: Workers = 1,
    timeout: float = TIMEOUT,
    prune: bool = False,
    suffixes: Collection[str] = (),
) -> Report:
    """Adds the media below folders to an index, and removes files that are missing there.

    If more than half of a folder's files are missing, they are kept unless ``prune`` is set: its
    drive may not be mounted.

    A file that is in the index with the same size and modification time is not read again. Each
    file is one transaction: a killed run loses only the files in progress; the next one continues.

    Args:
        index: Index, open for writing.
        embedder: Embedder of :func:`chunk_embedder` with the weights of the index.
        folders: Folders to index; their files are stored with absolute paths.
        modalities: Modalities, ``'video'`` and/or ``'audio'``. Defaults to None: all that the model
            has.
        workers: Number of processes that decode, or a cluster.
        timeout: Time limit in seconds, see :func:`.embed_files`.
        prune: Whether missing files are removed however many they are.
        suffixes: Suffixes of further files to include, lower-case; ``''``: files without a suffix.
    """
    modalities = modalities or embedder.modalities
    report, catalog = Report(), index.catalog
    suffixes = SUFFIXES | {*suffixes} | (AUDIO_SUFFIXES if 'audio' in modalities else frozenset())
    paths = _find(folders, suffixes, report, workers, timeout)
    for suffix in AUDIO_SUFFIXES & report.ignored.keys():
        del report.ignored[suffix]
    stamps = {path: stamp_of(path) for path in late_bar(paths, 'sizes and times')}
    todo = [path for path in paths if path not in catalog.files]
    todo += [path for path in set(paths) - set(todo) if catalog.files[path].stamp != stamps[path]]
    report.unchanged = len(paths) - len(todo)
    gone = set()
    for folder in folders:
        root = os.path.join(absolute(folder), '')
        indexed = {path for path in catalog.files if path.startswith(root)}
        absent = indexed - set(paths)
        if prune or len(absent) <= len(indexed) / 2:
            gone |= absent
        else:
            report.missing[folder] = len(absent)
    sizes = {path: int(stamps[path].split()[0] or 0) for path in paths}
    done = sum(sizes.values()) - sum(sizes[path] for path in todo)
    options = dict(unit='B', unit_scale=True, unit_divisor=1024, disable=not todo)
    with bar(total=sum(sizes.values()), initial=done, **options) as shown:
        for path, features in embed_media(embedder, sorted(todo), modalities, workers, timeout):
            if isinstance(features, Exception):
                report.unreadable[path] = getattr(features, 'reason', str(features))
                text = one_line(f'left out {path}: {report.unreadable[path]}')
                shown.write(text, file=sys.stderr)
            else:
                _add(index, path, stamps[path], features, report)
            number = report.unchanged + len(report.added) + len(report.unreadable)
            shown.set_description(f'{number}/{len(paths)} files', refresh=False)
            shown.update(sizes[path])
    report.removed = sorted(gone | (report.unreadable.keys() & catalog.files.keys()))
    if report.removed:
        catalog.remove(report.removed)
    add_background(catalog, embedder, timeout)
    finish(index)
    return report


def finish(index: FingerprintIndex) -> None:
    """Updates whitening, thresholds and back-ends after changes of the catalog."""
    catalog = index.catalog
    calibrated = catalog.metadata.get('calibrated') == catalog.metadata['revision']
    if not calibrated or 'ceilings' not in catalog.metadata:
        update_whitening(catalog)
        catalog.set_metadata(**find_thresholds(index), calibrated=catalog.metadata['revision'])
    index.save()


def _find(
    folders: Sequence[str],
    suffixes: Collection[str],
    report: Report,
    workers: Workers,
    timeout: float,
) -> list[str]:
    """Finds the media below folders: absolute paths, each once, sorted."""
    paths = set()
    for folder in map(absolute, folders):
        found = find_members(folder, suffixes, workers=workers, timeout=timeout)
        report.ignored.update(found.left_out)
        paths.update(os.path.join(folder, name) for name in found.names)
        reasons = found.rejects.items()
        report.unreadable.update((os.path.join(folder, name), text) for name, text in reasons)
    return sorted(paths)


def _add(
    index: FingerprintIndex,
    path: str,
    stamp: str,
    features: dict[str, ClipFeatures],
    report: Report,
) -> None:
    tracks = {}
    for modality, clips in features.items():
        times, vectors = usable_chunks(clips, modality)
        dropped = len(clips.times) - len(times)
        tracks[modality] = (times, vectors, dropped)
        report.chunks[modality] += len(times)
        report.dropped[modality] += dropped
    if not any(len(times) for times, _, _ in tracks.values()):
        report.empty.append(path)
    index.catalog.replace(path, stamp, tracks)
    report.added.append(path)
