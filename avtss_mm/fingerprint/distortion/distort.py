"""Makes distorted copies of videos and maps their times to those of the reference."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

import av

from ...errors import MediaError
from ...files.journal import journal, read_journal
from ...files.whole_file import draft_of, written_whole
from ...media import find_media, load_manifest, open_media, probe, save_manifest
from ...media.finding import AUDIO_SUFFIXES, SUFFIXES
from ...media.rows import check_row
from ...utils.report import write_csv
from ...utils.work import COPY_TIMEOUT
from ...workers.fan_out import Workers, fan_out
from ..time_map import TimeMap
from .render import Copy
from .suite import Distortion, find_distortions

QUERIES, REJECTS, LOG = 'queries.json', 'rejects.csv', '.copies.jsonl'
"""Files in the folder of copies: their manifest, failed copies, and the log of made copies."""


def stable_seed(video: str, name: str, severity: int) -> int:
    """Seed that depends only on the names of video and distortion and on the severity."""
    digest = hashlib.sha256(f'{video}|{name}|{severity}'.encode(errors='surrogateescape')).digest()
    return int.from_bytes(digest[:4], 'big') >> 1  # FFmpeg takes 31 bits


def distort(
    source, target, name: str, severity: int, seed: int | None = None, donor=None
) -> TimeMap:
    """Writes a distorted copy of a file, completely or not at all.

    The same call gives the same bytes on one machine. Sound becomes mono at 48 kHz.

    Args:
        source: Path of the file to read: a video, with or without sound, or an audio file.
        target: Path of the file to write, usually ``.mp4``.
        name: Name of the distortion, see :data:`.suite.SUITE_V1`.
        severity: Severity: 1, 2 or 3.
        seed: Seed of the random parts. Defaults to :func:`stable_seed` of the file's name.
        donor: Path of the other video, if the distortion shows one. Defaults to a generated one.

    Returns:
        TimeMap: Map from times of the copy to times of the reference.

    Raises:
        MediaError: If the file does not open or decode, or lacks the modality to distort.
        ValueError: If there is no such distortion or severity.
    """
    line = find_distortions([name])[0]
    _check_severities([severity])
    source, target = os.fspath(source), Path(target)
    seed = stable_seed(Path(source).name, name, severity) if seed is None else seed
    duration = probe(source, require_video=False)['duration']
    try:
        with written_whole(target) as draft, open_media(source) as reader:
            if line.modality == 'v' and not reader.info.has_video:
                raise MediaError(source, f'no picture to apply {name} to')
            if line.modality == 'a' and not reader.info.has_audio:
                raise MediaError(source, f'no sound to apply {name} to')
            copy = Copy(reader, duration, line.recipes[severity - 1], seed, donor)
            copy.write(draft)
    except av.FFmpegError as error:
        raise MediaError(source, error.strerror or error) from error
    return copy.time_map


def distort_folder(
    source,
    out,
    names: Sequence[str] | None = None,
    severities: Sequence[int] = (1, 2, 3),
    workers: Workers = 1,
    root=None,
    donors: Sequence = (),
    timeout: float = COPY_TIMEOUT,
    progress: Callable[[Iterable, int], Iterable] = lambda results, total: results,
) -> tuple[list[dict], list[tuple[str, str, int, str]]]:
    """Makes copies of many files in parallel. After an interruption, the same call continues.

    A copy of ``a/b.avi`` is ``OUT/<distortion>_<severity>/a/b.avi.mp4``. ``OUT/queries.json`` is
    the manifest of all copies in OUT, also of earlier calls: rows of :func:`avtss_mm.media.probe`
    with ``source`` (file name of the reference), ``distortion``, ``severity``, ``family``,
    ``modality_affected`` and the fields of :class:`TimeMap`. ``OUT/rejects.csv`` lists failed
    copies, including distortions of a modality that a file lacks.

    Args:
        source: Path of a file, a folder or a manifest (``.json``), or a list of file names or of
            rows of a manifest.
        out: Folder to write into.
        names: Names of distortions. Defaults to the whole suite.
        severities: Severities, of 1, 2 and 3.
        workers: Number of processes, or a cluster.
        root: Folder that file names of a manifest or a list are relative to. Defaults to the folder
            of the manifest, or the working directory.
        donors: Paths of videos for distortions that show another video; they should not be
            references. Defaults to generated ones.
        timeout: Time limit of a copy in seconds.
        progress: Function that wraps the iterable of results, e.g. into a progress bar.

    Returns:
        tuple: Rows of ``queries.json``, and rows of ``rejects.csv``: file name, distortion,
        severity and reason.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If there is no such distortion or severity, or a manifest cannot be read.
    """
    out, lines = Path(out), find_distortions(names)
    _check_severities(severities)
    root, references, classes = _references(source, root, out)
    out.mkdir(parents=True, exist_ok=True)
    done = _load_log(out)
    jobs = {}
    for reference in references:
        name = reference['filename']
        if '..' in Path(name).parts:
            raise ValueError(f'{name} leads out of its folder, and its copies would out of {out}')
        target = name if name.lower().endswith('.mp4') else f'{name}.mp4'
        for line in lines:
            for severity in severities:
                job = (f'{line.name}_{severity}/{target}', name, line.name, severity)
                stamp = _stamp(Path(root, name), line, severity, donors)
                if job[0] not in done or done[job[0]]['stamp'] != stamp:
                    jobs[job] = dict(stamp=stamp, label=reference.get('label'))
    rejects = []
    make = partial(_make_copy, Path(root), out, [os.fspath(donor) for donor in donors])
    with journal(out / LOG) as log:
        for job, row in progress(fan_out(make, list(jobs), workers, timeout), len(jobs)):
            done.pop(job[0], None)
            if not isinstance(row, dict):
                rejects.append((*job[1:], str(row)))
                draft_of(out / job[0]).unlink(missing_ok=True)  # left by a killed worker
                continue
            if jobs[job]['label'] is not None:
                row['label'] = jobs[job]['label']
            done[job[0]] = dict(stamp=jobs[job]['stamp'], row=row)
            log(done[job[0]])
    rows = [done[name]['row'] for name in sorted(done)]
    rejects.sort()
    save_manifest(out / QUERIES, rows, classes)
    write_csv(out / REJECTS, ['filename', 'distortion', 'severity', 'reason'], rejects)
    return rows, rejects


def _check_severities(severities: Sequence[int]) -> None:
    for severity in severities:
        if severity not in (1, 2, 3):
            raise ValueError(f'the severity is 1, 2 or 3, not {severity}')


def _references(source, root, out: Path) -> tuple[str | os.PathLike, list[dict], Sequence[str]]:
    """Folder, rows and classes of the files to distort."""
    if not isinstance(source, (str, os.PathLike)):
        rows = [row if isinstance(row, dict) else {'filename': os.fspath(row)} for row in source]
        return root or '', rows, ()
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(f'{source}: no such file or folder')
    if source.is_dir():
        names = find_media(source, SUFFIXES | AUDIO_SUFFIXES)
        inner = out.resolve()
        names = [name for name in names if inner not in (source / name).resolve().parents]
        return source, [{'filename': name} for name in names], ()
    if source.suffix == '.json':
        rows, metainfo = load_manifest(source)
        return root or source.parent, rows, metainfo.get('classes', ())
    return source.parent, [{'filename': source.name}], ()


def _stamp(path: Path, line: Distortion, severity: int, donors: Sequence) -> str:
    """Makes a stamp that changes if a copy has to be made again."""
    try:
        stat = path.stat()
        facts = (stat.st_size, stat.st_mtime_ns)
    except OSError:  # the worker reports it
        facts = ()
    text = f'{facts} {line.recipes[severity - 1]} {[os.fspath(donor) for donor in donors]}'
    return hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()[:16]


def _make_copy(root: Path, out: Path, donors: Sequence[str], job) -> dict | str:
    """Makes a copy; returns its row, or the reason of its failure."""
    copy, source, name, severity = job
    (out / copy).parent.mkdir(parents=True, exist_ok=True)
    line, seed = find_distortions([name])[0], stable_seed(source, name, severity)
    donor = donors[seed % len(donors)] if donors else None
    try:
        time_map = distort(root / source, out / copy, name, severity, seed, donor)
        facts = probe(out / copy, require_video=False)
    except MediaError as error:
        return error.reason
    return dict(
        facts,
        filename=copy,
        source=source,
        distortion=name,
        severity=severity,
        family=line.family,
        modality_affected=line.modality,
        **{key: round(float(value), 6) for key, value in asdict(time_map).items()},
    )


def _load_log(out: Path) -> dict[str, dict]:
    """What earlier calls made and still lies there, by its file name."""
    done: dict[str, dict] = {}
    for entry in read_journal(out / LOG):
        with suppress(ValueError, KeyError, TypeError):  # damaged
            check_row(entry['row'], out)
            copy = entry['row']['filename']
            if isinstance(entry['stamp'], str) and (out / copy).exists():
                done[copy] = entry
    return done
