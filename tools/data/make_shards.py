"""Writes the files of manifests into tar shards (WebDataset), for file systems slow at small files.

    python tools/data/make_shards.py data/ucf101/train_split1.json -o data/ucf101_shards
    python tools/data/make_shards.py data/ucf101/*_split?.json -o data/ucf101_shards

writes OUT/shard-000000.tar, ... and for each list OUT/<its name>.json, whose rows name
SHARD/OFFSET+SIZE/NAME instead of NAME: train, test and embed with these as with any other list.
Several lists share the shards: a file that is in two of them is written once. Beside each file is a
.json member with what its row says. OUT/rejects.csv has the reason for each file that could not be
read. After an interruption, the same command continues.
"""

from __future__ import annotations

import argparse
import os
import stat
from functools import partial
from pathlib import Path

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.files.journal import journal, read_journal
from avtss_mm.files.kept import digest
from avtss_mm.files.writable import check_writable
from avtss_mm.media import save_manifest
from avtss_mm.media.origin import add_overwrite_argument, check_replaceable
from avtss_mm.media.remote import local_path
from avtss_mm.media.shards import address_of
from avtss_mm.preparation.command import add_work_arguments, workers_of
from avtss_mm.preparation.shard_writing import Entry, member_name, plan_shards, write_shard
from avtss_mm.utils.report import format_table, progress_bar, shorten, write_csv
from avtss_mm.workers.fan_out import fan_out
from avtss_mm.workers.guarded_map import WorkerError
from avtss_mm.workers.progress import late_bar

JOURNAL = '.made.jsonl'


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('lists', nargs='+', type=Path, metavar='MANIFEST', help='lists of files')
    parser.add_argument('-o', '--out', type=local_path, required=True, help='folder to write into')
    parser.add_argument(
        '--root', type=Path, metavar='DIR', help="folder of the relative names (the lists' folder)"
    )
    parser.add_argument('--gb', type=float, default=1, help='size of a shard in GB (%(default)s)')
    add_overwrite_argument(parser)
    add_work_arguments(parser, 3600, 'a shard')
    args = parser.parse_args(argv)
    if args.gb <= 0:
        parser.error('--gb must be more than 0')
    return args


def collect(lists: dict[Path, tuple], root: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """Entries of all rows by filename, each file once, and the reasons for those without one."""
    entries, rejects, taken = {}, {}, set()
    for rows, metainfo in lists.values():
        classes = metainfo.get('classes') or []
        for row in late_bar(rows, 'sizes'):
            name, label = row['filename'], row.get('label', -1)
            if name in entries or name in rejects:
                continue
            path = os.path.join(root, name)
            inner = os.path.relpath(path, root)
            try:
                status = os.stat(path)
            except OSError as error:
                rejects[name] = error.strerror
                continue
            if inner.split(os.sep)[0] == os.pardir or not stat.S_ISREG(status.st_mode):
                rejects[name] = f'not a file below {root}'
                continue
            facts = {**row, 'class': classes[label]} if 0 <= label < len(classes) else row
            entries[name] = Entry(path, member_name(inner, taken), status.st_size, facts)
    return entries, rejects


def write_one(out: Path, shards: dict[str, list[Entry]], shard: str):
    return write_shard(out / shard, shards[shard])


def made_before(out: Path, digests: dict[str, str], overwrite: bool) -> dict[str, list[int]]:
    """Positions of the files in each shard that an earlier run has completed.

    Raises:
        UsageError: If the folder has shards that this command has not made.
    """
    entries = {entry['shard']: entry for entry in read_journal(out / JOURNAL)}
    strangers = [path.name for path in sorted(out.glob('*.tar')) if path.name not in entries]
    surplus = [name for name in entries if name not in digests and (out / name).exists()]
    if surplus or (strangers and not overwrite):
        raise UsageError(
            f'{out} has shards of something else ({shorten([*surplus, *strangers])}): choose '
            'another folder, or delete them'
        )
    return {
        name: entries[name]['offsets']
        for name, value in digests.items()
        if name in entries
        and entries[name]['digest'] == value
        and (out / name).is_file()
        and (out / name).stat().st_size == entries[name]['bytes']
    }


def write_shards(args, shards: dict[str, list[Entry]]) -> tuple[dict[str, str], dict[str, str]]:
    """Writes the shards; returns addresses and reasons by the path of the file."""
    digests = {
        name: digest([(entry, os.stat(entry.path).st_mtime_ns) for entry in entries])
        for name, entries in shards.items()
    }
    positions = made_before(args.out, digests, args.overwrite)
    todo = [name for name in shards if name not in positions]
    write = partial(write_one, args.out, shards)
    results = fan_out(write, todo, workers_of(args), args.timeout)
    reasons = {}
    with journal(args.out / JOURNAL) as log:
        for name, result in progress_bar(len(shards), 'shard')(results, len(todo)):
            if isinstance(result, WorkerError):
                reasons.update({entry.path: f'{name}: {result}' for entry in shards[name]})
                continue
            positions[name], failed = result
            reasons.update({shards[name][number].path: text for number, text in failed.items()})
            facts = dict(digest=None if failed else digests[name], offsets=positions[name])
            log(dict(shard=name, bytes=(args.out / name).stat().st_size, **facts))
    addresses = {
        entry.path: address_of(name, offset, entry.size, entry.name)
        for name, offsets in positions.items()
        for entry, offset in zip(shards[name], offsets)
        if offset is not None
    }
    return addresses, reasons


def make(args: argparse.Namespace) -> None:
    """Writes shards and lists.

    Raises:
        UsageError: If no file can be read, or something else would be overwritten.
    """
    from avtss_mm.datasets.video_list import read_list  # late: it brings torch

    root = args.root or args.lists[0].parent
    targets = {path: args.out / f'{path.stem}.json' for path in args.lists}
    if len(set(targets.values())) < len(set(args.lists)):
        raise UsageError('two of the lists have the same name: give each its own -o OUT')
    lists = {}
    for path, target in targets.items():
        if target.resolve() == path.resolve():
            raise UsageError(f'{target} is the list itself: choose another folder with -o')
        check_replaceable(target, args.overwrite)
        lists[path] = read_list(str(path), str(root))
    check_writable(args.out, 'choose another folder with -o')
    entries, rejects = collect(lists, root)
    planned = plan_shards(entries.values(), int(args.gb * 1e9))
    shards = {f'shard-{number:06d}.tar': some for number, some in enumerate(planned)}
    addresses, reasons = write_shards(args, shards)
    for name, entry in entries.items():
        if entry.path in reasons:
            rejects[name] = reasons[entry.path]
    path = args.out / 'rejects.csv'
    write_csv(path, ['filename', 'reason'], sorted(rejects.items()))
    if len(rejects) == len(entries.keys() | rejects.keys()):
        raise UsageError(f'no file could be read (reasons in {path}); no list written')
    for source, target in targets.items():
        rows, metainfo = lists[source]
        rows = [
            {**row, 'filename': addresses[entries[row['filename']].path]}
            for row in rows
            if row['filename'] not in rejects
        ]
        save_manifest(target, rows, metainfo.get('classes') or ())
    total = sum((args.out / name).stat().st_size for name in shards if (args.out / name).exists())
    table = [('shards', len(shards)), ('files', len(entries.keys() - rejects.keys()))]
    table += [('rejected', len(rejects)), ('GB', f'{total / 1e9:,.3f}')]
    print(format_table([(name, value) for name, value in table]))
    print(f'wrote {", ".join(map(str, targets.values()))} and {path}')


def main(argv=None) -> None:
    args = parse_args(argv)
    with user_errors():
        make(args)


if __name__ == '__main__':
    main()
