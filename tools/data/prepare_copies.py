"""Prepares real copies with a ground truth for the fingerprint benchmark.

    python tools/data/prepare_copies.py --references DIR --queries DIR --ground-truth CSV -o OUT

The ground truth has the columns query, ref and, if known, transform, offset_s (second of the
reference at which the query starts) and speed; or those of the Video Similarity Challenge 2022:
query_id, ref_id, query_start, query_end, ref_start, ref_end. Names need no suffix. Queries that it
does not name are negative: nothing should be found. Files may be at any depth; none is copied.
"""

import shlex
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.fingerprint.benchmark.ground_truth import (
    GALLERY,
    QUERIES,
    REJECTS,
    Prepared,
    prepare_copies,
    read_ground_truth,
)
from avtss_mm.media.origin import add_overwrite_argument, check_replaceable
from avtss_mm.media.remote import local_path
from avtss_mm.media.rows import leaves_folder
from avtss_mm.preparation.command import add_work_arguments, workers_of
from avtss_mm.utils.report import shorten

PICTURES = 'configs/fingerprint/r2plus1d_vggsound.py'
SOUNDS = 'configs/fingerprint/spectrogram_resnet_vggsound.py'
DEMO = 'configs/demo/fingerprint_toy.py'
DEMO_SOUNDS = 'configs/demo/fingerprint_sound_toy.py'


def parse_args(argv=None) -> Namespace:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    folders = dict(nargs='+', type=Path, required=True, metavar='DIR')
    parser.add_argument('--references', help='references, with or without copies', **folders)
    parser.add_argument('--queries', help='copies and negative queries', **folders)
    parser.add_argument('--ground-truth', type=Path, required=True, metavar='CSV')
    parser.add_argument('-o', '--out', type=local_path, required=True, help='folder to write to')
    add_overwrite_argument(parser)
    add_work_arguments(parser)
    return parser.parse_args(argv)


def summary(prepared: Prepared, out: Path) -> str:
    gallery, queries, rejects, several = prepared
    copies = [row for row in queries if 'source' in row]
    placed = sum('offset' in row for row in copies)
    sources = {name for row in copies for name in row['source']}
    lines = [
        f'references {len(gallery):6,}   {len(sources):,} of them with copies',
        f'queries    {len(queries):6,}   {len(copies):,} copies, {placed:,} with a known place; '
        f'{len(queries) - len(copies):,} negative',
    ]
    if several:
        lines.append(f'copies of several places, of which none counts: {shorten(several)}')
    if rejects:
        names = [f'{name} ({reason})' for _, name, reason in rejects]
        lines.append(f'left out {len(rejects):,}, see {out / REJECTS}: {shorten(names)}')
    without = sum(not row['width'] for row in gallery + queries)
    if 0 < without < len(gallery + queries):
        lines.append(f'{without:,} files have no picture: only their sound can be compared')
    config = SOUNDS if without else PICTURES
    options = ['--cfg-options', f'data_root={out}', 'test_evaluator.held_out=0']
    if any(leaves_folder(row['filename'], out) for row in gallery + queries):
        options.append('test_dataloader.dataset.allow_outside=True')
    lines += [
        f'wrote {out / GALLERY} and {out / QUERIES}; now, with a config of the network that CKPT '
        f'is of (of the demo: {DEMO_SOUNDS if without else DEMO}):',
        '  ' + shlex.join(['python', 'tools/test.py', config, 'CKPT', *options]),
    ]
    return '\n'.join(lines)


def main(argv=None) -> None:
    args = parse_args(argv)
    with user_errors():
        for folder in (*args.references, *args.queries):
            if not folder.is_dir():
                raise UsageError(f'{folder} is not a folder')
        truth = read_ground_truth(args.ground_truth)
        for name in (GALLERY, QUERIES):
            check_replaceable(args.out / name, args.overwrite)
        prepared = prepare_copies(
            args.references, args.queries, truth, args.out, workers_of(args), args.timeout
        )
        if not any('source' in row for row in prepared.queries):
            raise UsageError(
                f'no file below --queries is a copy of one below --references by '
                f'{args.ground_truth}; {args.out / REJECTS} says what was not found'
            )
        print(summary(prepared, args.out))


if __name__ == '__main__':
    main()
