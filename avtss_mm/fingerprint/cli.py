"""Find the sources of copies of videos and sounds, also cut, distorted, or by their audio alone.

avtss-fp index DIR -o INDEX                     add all videos and sounds below DIR to INDEX
avtss-fp query FILE INDEX                       find the indexed files that FILE is copied from
avtss-fp dedup INDEX                            find groups of indexed files with common parts
avtss-fp delete INDEX PATH...                   remove files or folders from INDEX
avtss-fp stats INDEX                            describe INDEX
avtss-fp distort SOURCE -o OUT                  make distorted copies, to try it out

Exit status: 0; 1 if a query matches nothing or no copy could be made; 2 after an error.
"""

from __future__ import annotations

import os

# Before torch is imported: waiting OpenMP threads must not take the core of a decoder.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import argparse
import sys
from collections.abc import Sequence

from ..errors import UsageError, user_errors
from ..media.origin import add_overwrite_argument
from ..media.remote import local_path
from ..utils.work import (
    BATCH_OF_CLIPS,
    COPY_TIMEOUT,
    TIMEOUT,
    add_local_work_arguments,
    add_suffixes_argument,
    add_work_arguments,
    positive,
)
from .choices import BACKENDS, MODALITIES


def main(argv: Sequence[str] | None = None) -> None:
    """Runs a command line. Raises SystemExit with its status unless that is 0."""
    args = parse_args(argv)
    from . import commands  # imported here: it takes seconds, and --help does not need it

    try:
        with user_errors('the same command continues where it stopped'):
            try:
                status = getattr(commands, args.command)(args)
            except ValueError as error:  # a config or a manifest that does not fit
                raise UsageError(error) from error
    except SystemExit as error:
        if not isinstance(error.code, str):
            raise
        sys.stderr.write(f'{error}\n')
        sys.exit(2)
    if status:
        sys.exit(status)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the command line; ``command`` is the name of its function."""
    parser = argparse.ArgumentParser(
        prog='avtss-fp',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    command = _command(commands, 'index', 'put videos and sounds into an index, or bring it up')
    command.add_argument('folders', nargs='+', metavar='DIR', help='every media file below it')
    command.add_argument(
        '-o', '--out', type=local_path, required=True, metavar='INDEX', help='folder of the index'
    )
    _add_model(command)
    command.add_argument(
        '--modality', choices=MODALITIES, help='modalities (default: all that the model has)'
    )
    command.add_argument('--backend', choices=BACKENDS, help='search library (default: faiss)')
    command.add_argument(
        '--index-factory',
        metavar='TEXT',
        help="kind of index, as faiss names it (default: 'Flat', exact; from a million chunks on "
        "'IVF4096,SQ8', with Milvus also 'HNSW32')",
    )
    command.add_argument(
        '--milvus-uri',
        metavar='URI',
        help='http://host:port of a Milvus server, or a path ending with .db '
        '(default: INDEX/milvus.db)',
    )
    command.add_argument('--rebuild', action='store_true', help='start over, with other weights')
    add_suffixes_argument(command)
    add_work_arguments(command, TIMEOUT, BATCH_OF_CLIPS)
    command.add_argument(
        '--prune', action='store_true', help='remove missing files even if most of a DIR is missing'
    )

    command = _command(commands, 'query', 'find where a file comes from')
    command.add_argument('file', metavar='FILE', help='video or sound')
    command.add_argument('index', metavar='INDEX')
    _add_model(command)
    command.add_argument('--modality', choices=MODALITIES, default='av', help='(%(default)s)')
    command.add_argument(
        '--weights',
        nargs=2,
        type=float,
        default=(1, 1),
        metavar=('V', 'A'),
        help='weights of the video and audio scores, from 0 to 1 (1 1)',
    )
    _add_search(command)
    add_local_work_arguments(command, TIMEOUT, BATCH_OF_CLIPS)
    command.add_argument(
        '--html', type=local_path, metavar='FILE', help='also write an HTML page with players'
    )
    command.add_argument(
        '--embed', action='store_true', help='put small copies of the videos into the page'
    )

    command = _command(commands, 'dedup', 'list groups of indexed files that share a stretch')
    command.add_argument('index', metavar='INDEX')
    _add_search(command)

    command = _command(commands, 'delete', 'take files out of an index')
    command.add_argument('index', metavar='INDEX')
    command.add_argument('paths', nargs='+', metavar='PATH', help='file, or folder with its files')

    command = _command(commands, 'stats', 'tell what is in an index')
    command.add_argument('index', metavar='INDEX')
    command.add_argument('--json', action='store_true', help='as JSON')

    command = _command(commands, 'distort', 'make distorted copies, with their ground truth')
    command.add_argument('source', metavar='FILE|DIR|MANIFEST')
    command.add_argument(
        '-o', '--out', type=local_path, required=True, metavar='OUT', help='folder to write'
    )
    command.add_argument('--suite', choices=['v1'], default='v1', help='(%(default)s)')
    command.add_argument('--only', nargs='+', metavar='NAME', help='distortions (default: all)')
    command.add_argument('--severity', nargs='+', type=int, choices=[1, 2, 3], default=[1, 2, 3])
    command.add_argument(
        '--sheet',
        type=local_path,
        metavar='PNG',
        help='draw all copies of FILE, a line per distortion',
    )
    add_overwrite_argument(command)
    add_work_arguments(command, COPY_TIMEOUT, 'a copy')
    return parser.parse_args(argv)


def _command(commands, name: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=name)
    return command


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        '--checkpoint',
        metavar='CKPT',
        help="weights of the model, 'shipped', or 'random' (default: those of the index, in a new "
        'one those that come with the package)',
    )
    command.add_argument('--config', help='config of the model (default: that in the checkpoint)')
    command.add_argument('--device', help='device of the model (default: a GPU if there is one)')


def _add_search(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        '--threshold', type=float, help='lowest score (default: calibrated when indexing)'
    )
    command.add_argument(
        '--topk',
        type=positive,
        default=20,
        help='candidates per chunk of the first search; all that stand out are found anyway '
        '(%(default)s)',
    )
    forms = command.add_mutually_exclusive_group()
    forms.add_argument('--json', action='store_true', help='JSON instead of a table')
    forms.add_argument('--csv', action='store_true', help='CSV instead of a table')
