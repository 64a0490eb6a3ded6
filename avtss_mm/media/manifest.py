"""The list of a data set's files with metadata, in the annotation format of OpenMMLab 2.0."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import MediaError
from ..files.journal import journal, read_journal
from ..files.whole_file import write_whole
from ..workers.fan_out import Workers, fan_out
from ..workers.guarded_map import WorkerError
from ..workers.progress import late_bar
from .finding import AUDIO_SUFFIXES, SUFFIXES, find_media  # noqa: F401  (they were here in 0.1)
from .origin import running_command
from .probe import probe
from .rows import check_row, parse_manifest, refuse_folder
from .sources import stamp_of

FACTS = frozenset('filename duration has_audio silent'.split())
"""Keys that the row of every probed file has, among others."""


def build_manifest(
    root,
    files: Sequence[str] | None = None,
    workers: Workers = 1,
    timeout: float = 60.0,
    partial_path=None,
    progress: Callable[[Iterable, int], Iterable] = lambda results, total: results,
    require_video: bool = True,
) -> tuple[list[dict], dict[str, str]]:
    """Probes files in parallel.

    Args:
        root: Folder that the file names are relative to.
        files: Names of the files below it. Defaults to all that :func:`find_media` finds.
        workers: Number of processes, or a cluster.
        timeout: Time limit of a file in seconds, after which its decoder is killed.
        partial_path: Path of a file (JSON lines) to which results are appended as they come. A
            later call reuses those of files with the same size and modification time.
        progress: Function that wraps the iterable of results, e.g. into a progress bar.
        require_video: Whether to skip files without video, except those with suffixes of audio.

    Returns:
        tuple: Rows of :func:`probe` with ``filename`` relative to ``root``, sorted by it; and the
        reason for each skipped file.
    """
    files = find_media(root) if files is None else sorted(files)
    looked_up = late_bar(files, 'sizes and times')
    stamps = {name: stamp_of(os.path.join(root, name)) for name in looked_up}
    known = _load_partial(partial_path, stamps)
    todo = [name for name in files if name not in known]
    probe_one = partial(_probe_one, os.fspath(root), require_video)
    results = fan_out(probe_one, todo, workers, timeout)
    with journal(partial_path or os.devnull) as log:
        for name, result in progress(results, len(todo)):
            if isinstance(result, WorkerError):  # not written: worth another try
                known[name] = {'reason': str(result)}
                continue
            known[name] = result
            log({'filename': name, 'stamp': stamps[name], **result})
    rows = [known[name]['row'] for name in files if 'row' in known[name]]
    rejects = {name: known[name]['reason'] for name in files if 'row' not in known[name]}
    return rows, rejects


def save_manifest(path, rows: Sequence[dict], classes: Sequence[str] = ()) -> None:
    """Writes a manifest, completely or not at all; it records the running command.

    Args:
        path: Path of the file to write.
        rows: Rows of :func:`build_manifest`, with ``label`` (int) if there are classes.
        classes: Names of the classes by label.
    """
    metainfo = {
        'dataset_type': 'AudioVisualDataset',
        'classes': list(classes),
        'made_by': running_command(),
    }
    rows = ',\n'.join(json.dumps(row) for row in rows)
    text = f'{{"metainfo": {json.dumps(metainfo)},\n"data_list": [\n{rows}\n]}}\n'
    write_whole(path, text)


def load_manifest(path, allow_outside: bool = False) -> tuple[list[dict], dict]:
    """Reads a manifest.

    Args:
        path: Path of the file to read.
        allow_outside: Whether file names may lead out of the folder of the manifest, by ``..`` or
            as absolute paths. If not, an untrusted list cannot make other files be read.
            Defaults to False.

    Returns:
        tuple: Rows and ``metainfo``.

    Raises:
        ManifestError: If the file is not a manifest. It is a ValueError.
    """
    path = Path(path)
    refuse_folder(path)
    return parse_manifest(path.read_bytes(), path, None if allow_outside else path.parent)


def _probe_one(root: str, require_video: bool, name: str) -> dict:
    """Probes a file: ``{'row': metadata}`` or ``{'reason': why not}``."""
    require_video &= os.path.splitext(name)[1].lower() not in AUDIO_SUFFIXES - SUFFIXES
    try:
        facts = probe(os.path.join(root, name), require_video=require_video)
        return {'row': {**facts, 'filename': name}}
    except MediaError as error:
        return {'reason': error.reason}


def _load_partial(path, stamps: dict[str, str]) -> dict[str, dict]:
    """Reads the results of an earlier run for files that have not changed since."""
    known: dict[str, dict] = {}
    entries = filter(_is_entry, read_journal(path or os.devnull))
    for entry in late_bar(entries, 'reading what is done'):
        if stamps.get(entry['filename']) == entry['stamp']:
            known[entry['filename']] = {
                key: entry[key] for key in ('row', 'reason') if key in entry
            }
    return known


def _is_entry(entry: Any) -> bool:
    """Whether :func:`build_manifest` has written this line of the partial list."""
    try:
        name, stamp = entry['filename'], entry['stamp']
        if 'row' in entry:
            check_row(entry['row'])
            if entry['row']['filename'] != name or not FACTS <= entry['row'].keys():
                return False
        elif not isinstance(entry['reason'], str):
            return False
        return isinstance(name, str) and isinstance(stamp, str)
    except (ValueError, KeyError, TypeError):
        return False
