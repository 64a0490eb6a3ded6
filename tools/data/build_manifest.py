"""Lists the videos below a folder with their metadata: the manifest of a data set.

    python tools/data/build_manifest.py DIR
    python tools/data/build_manifest.py DIR --labels folder --workers 8

writes DIR/manifest.json, and DIR/rejects.csv with the reason for each skipped file. After an
interruption, the same command continues where it stopped.

Where DIR has tar shards (WebDataset) and no loose videos, or with --suffixes tar, the members of
the shards are listed, which are read in place. --labels siblings takes their labels from the
.json, .txt or .cls member beside each.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections import Counter
from pathlib import Path

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.files.writable import check_writable
from avtss_mm.media import build_manifest, save_manifest
from avtss_mm.media.finding import SUFFIXES, suffix_advice
from avtss_mm.media.origin import add_overwrite_argument, check_replaceable
from avtss_mm.media.remote import is_remote, local_path, path_or_url
from avtss_mm.media.shards import Label, find_members, split_address
from avtss_mm.preparation.command import add_suffixes_argument, add_work_arguments, workers_of
from avtss_mm.utils.report import progress_bar, shorten, write_csv


def parse_args(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        'root', type=path_or_url, metavar='DIR', help='folder or URL with videos, at any depth'
    )
    parser.add_argument(
        '-o', '--out', type=local_path, help='manifest to write (DIR/manifest.json)'
    )
    parser.add_argument(
        '--labels',
        choices=['folder', 'siblings'],
        help="label each file with its folder's name, files directly in DIR are skipped; or each "
        'member of a shard by what lies beside it in the shard',
    )
    add_suffixes_argument(parser)
    add_overwrite_argument(parser)
    add_work_arguments(parser)
    return parser.parse_args(argv)


def add_labels(rows: list[dict], files: list[str], rejects: dict[str, str]):
    """Labels the rows; returns them and the classes: the sorted folder names of all files.

    A name in two Unicode forms (macOS uses another one) is one class.
    """
    classes = sorted({class_of(name) for name in files} - {''})
    labelled = []
    for row in rows:
        folder = class_of(row['filename'])
        if folder:
            labelled.append({**row, 'label': classes.index(folder)})
        else:
            rejects[row['filename']] = 'lies in no folder that names its class'
    return labelled, classes


def class_of(name: str) -> str:
    member = split_address(name)
    folder = Path(name if member is None else member.name).parent
    return unicodedata.normalize('NFC', folder.name)


def add_sibling_labels(rows: list[dict], labels: dict[str, Label], rejects: dict[str, str]):
    """Labels the rows by the siblings of the members; returns them and the classes.

    Numbers are kept. Classes without numbers are numbered in the order of their names.
    """
    names = sorted({name for number, name in labels.values() if number is None})
    numbers = {name: number for number, name in labels.values() if number is not None}
    if names and numbers:
        raise UsageError(
            'some siblings number the class and others only name it: '
            f'{numbers.popitem()}, {names[0]!r}'
        )
    numbers = numbers or {name: number for number, name in enumerate(names)}
    labelled = []
    for row in rows:
        number, name = labels.get(row['filename'], (None, None))
        if (number, name) == (None, None):
            rejects[row['filename']] = 'no .json, .txt or .cls member beside it has a label'
        else:
            labelled.append({**row, 'label': numbers[name] if number is None else number})
    classes = sorted(filter(None, numbers), key=numbers.get)
    is_complete = [numbers[name] for name in classes] == list(range(len(classes)))
    return labelled, classes if is_complete else []


def summary(files: list[str], rows: list[dict], rejects: dict[str, str]) -> str:
    lines = [
        f'found         {len(files):8,}',
        f'kept          {len(rows):8,}   {sum(row["duration"] for row in rows) / 3600:.2f} hours',
        f'  no sound    {sum(not row["has_audio"] for row in rows):8,}   (no sound track)',
        f'  silent      {sum(row["has_audio"] and row["silent"] for row in rows):8,}'
        '   (a track without sound)',
        f'rejected      {len(rejects):8,}',
    ]
    reasons = Counter(rejects.values()).most_common()
    lines += [f'  {count:12,}   {reason}' for reason, count in reasons]
    return '\n'.join(lines)


def main(argv=None) -> None:
    args = parse_args(argv)
    with user_errors():
        build(args)


def build(args: argparse.Namespace) -> None:
    """Writes the manifest.

    Raises:
        UsageError: If there is no video, or a list would be overwritten.
    """
    if is_remote(args.root) and args.out is None:
        raise UsageError(f'{args.root} is a URL: give -o FILE for the list, on a disk')
    if not is_remote(args.root) and not args.root.is_dir():
        raise UsageError(f'{args.root} is not a folder')
    out = args.out or args.root / 'manifest.json'
    check_replaceable(out, args.overwrite, keeps_classes=args.labels is not None)
    with_siblings = args.labels == 'siblings'
    work = (workers_of(args), args.timeout)
    found = find_members(args.root, SUFFIXES.union(args.suffixes), with_siblings, *work)
    files, advice = found.names, suffix_advice(found.left_out)
    if not files:
        reasons = [f'{name}: {reason}' for name, reason in found.rejects.items()]
        more = shorten([*reasons, *filter(None, [advice])])
        raise UsageError(f'{args.root} holds no video file' + (f'; {more}' if more else ''))
    check_writable(out.parent, 'give -o FILE for the list, in another folder')
    partial = out.with_name(out.name + '.partial')
    rows, rejects = build_manifest(args.root, files, *work, partial, progress_bar(len(files)))
    rejects.update(found.rejects)
    classes = []
    if args.labels == 'folder':
        rows, classes = add_labels(rows, files, rejects)
    elif with_siblings:
        rows, classes = add_sibling_labels(rows, found.labels, rejects)
    if rows:
        save_manifest(out, rows, classes)
    write_csv(out.with_name('rejects.csv'), ['filename', 'reason'], sorted(rejects.items()))
    partial.unlink()
    print(summary(files, rows, rejects) + (f'\n{advice}' if advice else ''))
    if not rows:
        raise UsageError(f'no file was kept, see {out.with_name("rejects.csv")}; no list written')
    print(f'wrote {out}' + (f' and {out.with_name("rejects.csv")}' if rejects else ''))


if __name__ == '__main__':
    main()
