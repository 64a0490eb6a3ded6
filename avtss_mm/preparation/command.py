"""The command that prepares a data set, without the reader of its lists."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError, user_errors
from ..files.writable import check_writable
from ..media.origin import add_overwrite_argument, check_replaceable
from ..utils.work import add_suffixes_argument, add_work_arguments, workers_of
from .lists import Listing
from .prepare import prepare, summary


class DataSet(NamedTuple):
    """A data set in its official form.

    Attributes:
        read: Function that reads its official lists from a folder.
        page: URL of its official page.
        lists: Expected location of its lists, below its root.
        files: Expected location of its files, below its root.
        sound_only: Whether it consists of audio without video.
    """

    read: Callable[[Path], Listing]
    page: str
    lists: str
    files: str
    sound_only: bool = False


def run(data_set: DataSet, description: str, argv: Sequence[str] | None = None) -> str:
    """Prepares a data set as the command line says.

    Args:
        data_set: Data set to prepare.
        description: Text of ``--help``.
        argv: Arguments. Defaults to those of the command line.

    Returns:
        str: Summary for the user.

    Raises:
        SystemExit: If there are no lists or no good files; the text says what was expected.
    """
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, metavar='ROOT', help='folder of the data set')
    parser.add_argument(
        '--annotations', type=Path, metavar='DIR', help='folder of the official lists (in ROOT)'
    )
    add_suffixes_argument(parser)
    add_overwrite_argument(parser)
    add_work_arguments(parser)
    args = parser.parse_args(argv)
    with user_errors():
        return _prepare(data_set, args)


def _prepare(data_set: DataSet, args) -> str:
    lists = args.annotations or args.root
    advice = f'Get them from {data_set.page}; tools/data/README.md shows where they belong'
    for folder in (args.root, lists):
        if not folder.is_dir():
            raise UsageError(f'{folder} is not a folder')
    try:
        listing = data_set.read(lists)
        if not listing.splits:
            raise UsageError(f'there is no list of clips in {lists}')
    except UsageError as error:
        raise UsageError(f'{error}; expected {lists / data_set.lists}. {advice}') from error
    for split in listing.splits:
        check_replaceable(args.root / f'{split}.json', args.overwrite)
    check_writable(
        args.root, 'make a folder elsewhere, link the contents of this one into it, and prepare it'
    )
    prepared = prepare(
        args.root, listing, data_set.sound_only, workers_of(args), args.timeout, args.suffixes
    )
    splits = prepared.splits
    written = ','.join(name for name, split in splits.items() if split.rows)
    if not written:
        rejected = sum(len(split.rejects) for split in splits.values())
        raise UsageError(
            f'none of {rejected:,} listed files can be used (reasons in {args.root}/rejects.csv); '
            f'expected {args.root / data_set.files}. {advice}'
            + (f'; {prepared.other_suffixes}' if prepared.other_suffixes else '')
        )
    text = summary(listing, prepared, data_set.sound_only)
    return f'{text}\nwrote rejects.csv, classes.csv and {{{written}}}.json to {args.root}'
