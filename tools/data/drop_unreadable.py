"""Removes unreadable files from a list and keeps everything else.

    python tools/data/drop_unreadable.py data/ucf101/train_split1.json

writes data/ucf101/train_split1_readable.json: the same rows with their labels, in their order.
The list is a manifest, or text with "path label" in each line, which stays text. The removed files
and the reasons are in train_split1_readable.rejects.csv.
"""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.files.whole_file import written_whole
from avtss_mm.files.writable import check_writable
from avtss_mm.media import build_manifest
from avtss_mm.media.origin import add_overwrite_argument, check_replaceable, running_command
from avtss_mm.media.remote import is_remote, local_path, path_or_url, read_range
from avtss_mm.preparation.command import add_work_arguments, workers_of
from avtss_mm.utils.report import progress_bar, write_csv


def parse_args(argv=None) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument(
        'list', type=path_or_url, metavar='LIST', help='list to read; it is not changed'
    )
    parser.add_argument(
        '--root',
        type=path_or_url,
        metavar='DIR',
        help="folder of its relative names (the list's folder)",
    )
    parser.add_argument(
        '-o', '--out', type=local_path, help='list to write (LIST_readable beside it)'
    )
    add_overwrite_argument(parser)
    add_work_arguments(parser)
    return parser.parse_args(argv)


def without(path: Path | str, rejects: dict[str, str]) -> str:
    """Text of a list without the rows of some files."""
    data = read_range(path) if is_remote(path) else path.read_bytes()
    if str(path).lower().endswith('.json'):
        content = json.loads(data.decode('utf-8-sig'))
        rows = [row for row in content['data_list'] if row['filename'] not in rejects]
        metainfo = {**content['metainfo'], 'made_by': running_command()}
        return json.dumps({**content, 'metainfo': metainfo, 'data_list': rows}, indent=1) + '\n'
    lines = data.decode('utf-8', 'surrogateescape').split('\n')
    names = iter(row['filename'] for row in rows_of(path))
    return '\n'.join(line for line in lines if not line.strip() or next(names) not in rejects)


def rows_of(path) -> list[dict]:
    """Rows of a list, in their order."""
    from avtss_mm.datasets.video_list import read_list  # late: it brings torch

    return read_list(str(path))[0]


def drop(args: Namespace) -> None:
    """Write the list and summarise it.

    Raises:
        UsageError: If no file is readable, or another list would be overwritten.
        ManifestError: If it is not a list.
    """
    if is_remote(args.list) and args.out is None:
        raise UsageError(f'{args.list} is a URL: give -o FILE for the new list, on a disk')
    out = args.out or args.list.with_stem(f'{args.list.stem}_readable')
    if not is_remote(args.list) and out.resolve() == args.list.resolve():
        raise UsageError(f'{out} is the list itself, which is not changed: name another file')
    check_replaceable(out, args.overwrite)
    check_writable(out.parent, 'give -o FILE for the new list, in another folder')
    names = sorted({row['filename'] for row in rows_of(args.list)})
    work = (workers_of(args), args.timeout, None, progress_bar(len(names)))
    root = args.root or os.path.dirname(args.list)
    kept, rejects = build_manifest(root, names, *work, require_video=False)
    if not kept:
        raise UsageError(f'no file of {args.list} can be read in {root} (--root); nothing written')
    with written_whole(out) as draft:  # file names need not be Unicode
        draft.write_text(without(args.list, rejects), 'utf-8', 'surrogateescape')
    path = out.with_suffix('.rejects.csv')
    write_csv(path, ['filename', 'reason'], sorted(rejects.items()))
    print(f'wrote {out}: {len(kept):,} of {len(names):,} files; {len(rejects):,} are in {path}')


def main(argv=None) -> None:
    args = parse_args(argv)
    with user_errors():
        drop(args)


if __name__ == '__main__':
    main()
