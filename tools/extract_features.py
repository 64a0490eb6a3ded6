#!/usr/bin/env python
"""Extract features: ``python tools/extract_features.py CONFIG CHECKPOINT LIST|DIR -o OUT``.

OUT is a table, .parquet or .npz, with a row per clip (or per file: --per file) and the columns::

    filename, label (if the list has labels), start, end (seconds),
    video_feat, audio_feat             pooled features of the encoders
    video_embedding, audio_embedding   their projections, if the model has them

Missing sound is NaN. If it is killed at any time, the same command continues where it stopped.
Unreadable files are skipped and listed in OUT.rejects.csv.
"""

from __future__ import annotations

import argparse
import os

# Before torch is imported: waiting OpenMP threads must not take the core of a decoder.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import sys
from pathlib import Path

from tqdm import tqdm

from avtss_mm.errors import UsageError, one_line
from avtss_mm.files.feature_file import SUFFIXES as OUT_SUFFIXES
from avtss_mm.files.feature_file import save_features
from avtss_mm.files.feature_log import FeatureLog, log_path, log_paths, read_logs
from avtss_mm.media.finding import AUDIO_SUFFIXES, SUFFIXES
from avtss_mm.media.remote import is_remote, join, local_path, path_or_url
from avtss_mm.media.shards import find_members
from avtss_mm.media.sources import stamp_of
from avtss_mm.utils import cli
from avtss_mm.utils.report import write_csv
from avtss_mm.utils.work import BATCH_OF_CLIPS, TIMEOUT, add_work_arguments, positive, workers_of
from avtss_mm.workers.progress import bar, late_bar

LISTS = ('.json', '.txt', '.csv')
"""Suffixes of lists with a URL; any other URL is that of a folder."""


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.replace('``', '').replace('::', ':'),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cli.add_config_arguments(parser)
    parser.add_argument('checkpoint', help="checkpoint file, or 'random' for random weights")
    parser.add_argument(
        'source',
        type=path_or_url,
        metavar='LIST|DIR',
        help='manifest (.json) or text file with "path [label]" in each line, the paths relative '
        'to its folder; or a folder: every media file below it. Both may be URLs',
    )
    outside = dict(action='store_true', help='allow the list to name files outside its folder')
    parser.add_argument('--allow-outside', **outside)
    parser.add_argument(
        '-o', '--out', type=local_path, required=True, help='.parquet or .npz to write'
    )
    parser.add_argument(
        '--modality',
        choices=['video', 'audio', 'both'],
        help='modalities (default: all that the model has); audio files need "audio"',
    )
    parser.add_argument(
        '--per', choices=['clip', 'file'], default='clip', help='meaning of a row (%(default)s)'
    )
    windows = parser.add_mutually_exclusive_group()
    windows.add_argument(
        '--stride', type=float, help='seconds from a clip to the next, over the whole file'
    )
    windows.add_argument(
        '--num-clips',
        type=positive,
        help="clips per file (default: as the config's feature_pipeline)",
    )
    add_work_arguments(parser, TIMEOUT, BATCH_OF_CLIPS)
    parser.add_argument(
        '--batch-size', type=positive, default=16, help='clips per forward pass (%(default)s)'
    )
    cli.add_launcher_arguments(parser)
    parser.add_argument('--device', help='device of the model (default: a GPU if there is one)')
    return parser.parse_args(argv)


def main(argv=None) -> None:
    args = parse_args(argv)
    with cli.user_errors():
        try:
            extract(args)
        except ValueError as error:  # a list or a config that does not fit
            raise UsageError(error) from error


def extract(args: argparse.Namespace) -> None:
    # here and below, in functions, what takes seconds: --help does not need it
    from mmengine.dist import all_gather_object

    from avtss_mm.apis import Embedder
    from avtss_mm.apis.feature_table import to_columns
    from avtss_mm.utils.building import building_errors
    from avtss_mm.utils.ranks import join_ranks, own_cores

    if args.launcher != 'none' and args.engine != 'local':
        raise UsageError('--launcher and --engine ray: choose one of them')
    rank, world = join_ranks(args.launcher)
    if world > 1:
        args.workers = args.workers or own_cores()
    if args.out.suffix not in OUT_SUFFIXES:
        raise UsageError(f'--out {args.out}: the name must end with {" or ".join(OUT_SUFFIXES)}')
    config = cli.read_settings(args.config, args.cfg_options)
    options = dict(batch_size=args.batch_size, num_clips=args.num_clips, stride=args.stride)
    with building_errors(config):
        embedder = Embedder(args.checkpoint, config, args.device, **options)
    chosen = dict(video=('video',), audio=('audio',), both=('video', 'audio'))
    modalities = chosen.get(args.modality, embedder.modalities)
    settings = dict(
        weights_sha256=embedder.weights_sha256(),
        model=config.model.to_dict(),
        feature_pipeline=embedder.clip_reader(modalities).steps,
        per=args.per,
    )
    with_sound_files = modalities == ('audio',)
    folder, rows, metainfo, rejects = read_source(args, with_sound_files)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    files = {row['filename']: row.get('duration') for row in rows}
    looked_up = late_bar(files if rank == 0 else (), 'sizes and times')
    stamps = {name: stamp_of(join(folder, name)) for name in looked_up}
    todo = divide(args.out, settings, stamps)
    missing = {name: (stamp, files[name]) for name, stamp in todo}
    num_done = len(files) - len(todo)
    with FeatureLog(log_path(args.out, rank), settings) as log:
        rejects.update(embed_missing(embedder, modalities, folder, missing, num_done, log, args))
    for found in all_gather_object(rejects):  # now all logs are closed
        rejects.update(found)
    if rank:
        return
    logs = read_logs(args.out, settings)
    tables = {name: table for name, stamp, table in logs if stamps.get(name) == stamp}
    rejects_path = Path(f'{args.out}.rejects.csv')
    rejects_path.unlink(missing_ok=True)
    if rejects:
        write_csv(rejects_path, ['filename', 'reason'], sorted(rejects.items()))
        print(f'left out {len(rejects)} of {len(rows)} files, listed in {rejects_path}')
    rows = [row for row in rows if row['filename'] not in rejects]
    if not rows:
        raise UsageError(f'none of the {len(rejects)} files could be read')
    names = [row['filename'] for row in rows]
    columns = to_columns(names, [row.get('label') for row in rows], [tables[n] for n in names])
    facts = dict(config=args.config, checkpoint=args.checkpoint, **settings, **metainfo)
    save_features(args.out, columns, facts)
    for path in log_paths(args.out):
        path.unlink()
    sizes = [f'{key} {value.shape[1]}' for key, value in columns.items() if value.ndim == 2]
    counts = f'{len(columns["start"])} rows of {len(rows)} files'
    print(f'wrote {args.out}: {counts}, {", ".join(sizes)}')


def read_source(
    args: argparse.Namespace, with_sound_files: bool
) -> tuple[Path, list[dict], dict, dict[str, str]]:
    """Read the folder that names are relative to, rows with ``filename``, known ``classes``, and
    the reasons for what cannot be listed."""
    from avtss_mm.datasets.video_list import read_list

    source, metainfo, rejects = args.source, {}, {}
    folder = None
    if is_remote(source):
        folder = os.path.dirname(source) if source.endswith(LISTS) else source
    elif source.is_dir():
        folder = source
    elif source.is_file():
        folder = source.parent
    if folder == source:
        suffixes = SUFFIXES | AUDIO_SUFFIXES if with_sound_files else SUFFIXES
        found = find_members(source, suffixes, workers=workers_of(args), timeout=args.timeout)
        rows, rejects = [dict(filename=name) for name in found.names], found.rejects
    elif folder is None:
        raise UsageError(f'{source} is neither a list nor a folder')
    else:
        rows, metainfo = read_list(str(source), None if args.allow_outside else str(folder))
    if not rows:
        raise UsageError(f'{source} names no media file')
    known = {'classes': metainfo['classes']} if metainfo.get('classes') else {}
    return folder, rows, known, rejects


def divide(out: Path, settings: dict, stamps: dict[str, str]) -> list[tuple[str, str]]:
    """List the files that no log has, with their stamps; the same for all processes.

    Args:
        stamps (dict): Stamps of all files, in the first process.

    Raises:
        UsageError: If a log is of other settings, or the processes do not share the folder.
    """
    from mmengine.dist import all_gather_object, broadcast_object_list, get_rank

    answer = [None]
    if get_rank() == 0:
        try:
            done = {(name, stamp) for name, stamp, _ in read_logs(out, settings)}
            answer = [[item for item in stamps.items() if item not in done]]
        except UsageError as error:
            answer = [error]
    broadcast_object_list(answer)
    if isinstance(answer[0], UsageError):
        raise answer[0]
    if not all(all_gather_object(log_path(out).exists())):
        raise UsageError(f'{log_path(out)}: all machines must share the folder of --out')
    return answer[0]


def embed_missing(embedder, modalities, folder, todo, num_done, log, args) -> dict[str, str]:
    """Embed this process's part of the files; returns the reason for each unreadable file.

    Args:
        todo (dict): Stamp and duration of the files to embed in all processes, by name.
        num_done (int): Number of the other files.
    """
    from mmengine.dist import get_dist_info

    from avtss_mm.apis.embed_files import embed_files
    from avtss_mm.apis.feature_table import to_rows

    rank, world = get_dist_info()
    mine = list(todo)[rank::world]
    names = {join(folder, name): name for name in mine}
    durations = [todo[name][1] for name in mine]
    work = (workers_of(args), args.timeout)
    results = embed_files(embedder, list(names), modalities, durations, *work)
    options = dict(total=num_done + len(mine), initial=num_done, unit='file', disable=rank > 0)
    rejects = {}
    for path, features in bar(results, **options):
        name = names[path]
        if isinstance(features, Exception):
            rejects[name] = getattr(features, 'reason', str(features))
            tqdm.write(one_line(f'left out {name}: {rejects[name]}'), file=sys.stderr)
        else:
            log.add(name, todo[name][0], to_rows(features, args.per == 'file'))
    return rejects


if __name__ == '__main__':
    main()
