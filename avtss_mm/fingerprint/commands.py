"""The commands of ``avtss-fp``; their arguments are in ``cli.py``."""

from __future__ import annotations

import gc
import json
import os
import shlex
import sys
from contextlib import redirect_stdout

from ..apis.encoder import SHIPPED
from ..errors import UsageError
from ..media.origin import check_replaceable
from ..media.remote import absolute, is_remote
from ..utils.report import shorten
from ..utils.work import workers_of
from ..workers.progress import bar
from .choices import DESCRIPTORS, LETTERS, MODALITIES, NEEDED, installed
from .index.index import FingerprintIndex
from .results import DROPPED, SHOWN, nearest, print_groups, print_matches, print_report


def index(args) -> None:
    """Fills an index."""
    from .indexing import index_folders

    for folder in args.folders:
        if not is_remote(folder) and not os.path.isdir(folder):
            raise UsageError(f'{folder} is not a folder')
    with FingerprintIndex(args.out, write=True, rebuild=args.rebuild) as opened:
        metadata = opened.catalog.metadata
        if args.milvus_uri and (args.backend or metadata.get('backend')) != 'milvus':
            raise UsageError('--milvus-uri needs --backend milvus')
        checkpoint, config = _model(args, metadata)
        kept = metadata.get('descriptors', [] if metadata.get('weights_sha256') else installed())
        embedder = _embedder(checkpoint, config, 1.0, args.device, kept)
        suffixes = {*metadata.get('suffixes', ()), *args.suffixes}
        folders = {*metadata.get('folders', ()), *map(absolute, args.folders)}
        options = dict(
            backend=args.backend,
            factory=args.index_factory,
            milvus_uri=args.milvus_uri and _absolute(args.milvus_uri),
        )
        options = {name: value for name, value in options.items() if value is not None}
        opened.begin(
            embedder,
            checkpoint=_absolute(checkpoint),
            config=config and _absolute(config),
            folders=sorted(folders),
            suffixes=sorted(suffixes),
            descriptors=kept,
            **options,
        )
        modalities = MODALITIES[args.modality] if args.modality else None
        work = (workers_of(args), args.timeout)
        options = dict(prune=args.prune, suffixes=suffixes)
        report = index_folders(opened, embedder, args.folders, modalities, *work, **options)
        print_report(report, opened)


def query(args) -> int:
    """Finds the sources of a file; returns 1 if nothing matches."""
    from . import search

    with FingerprintIndex(args.index) as opened:
        checkpoint, config = _model(args, opened.catalog.metadata)
        kept = opened.catalog.metadata.get('descriptors', [])
        embedder = _embedder(checkpoint, config, 0.5, args.device, kept)
        opened.check(embedder, args.checkpoint, args.config)
        work = (args.workers, args.timeout)
        features = search.query_features(embedder, args.file, args.modality, *work)
        chunks = search.chunks_of(features)
        for name in (name for name in features if name in SHOWN):
            clips = features[name]
            dropped = len(clips.times) - len(chunks[name][0])
            if dropped:
                chunks_text = f'{dropped} of {len(clips.times)} chunks'
                sys.stderr.write(f'{SHOWN[name]}: {chunks_text} left out ({DROPPED[name]})\n')
        weights = dict(zip(('video', 'audio'), args.weights))
        matches = search.match_chunks(opened, args.file, chunks, args.topk, weights, args.threshold)
        print_matches(matches, args.json, args.csv)
        if not matches:
            near = search.match_chunks(opened, args.file, chunks, args.topk, weights, 0.0)
            sys.stderr.write(f'{nearest(near, args.threshold, opened.catalog.metadata)}\n')
        if args.html:
            from .page.page import write_match_page

            found = {match.video for match in matches}
            write_match_page(
                args.html,
                args.file,
                matches,
                search.compared(opened, chunks),
                {path: search.compared(opened, search.chunks_in(opened, path)) for path in found},
                args.embed,
            )
    return 0 if matches else 1


def dedup(args) -> None:
    """Lists groups of indexed files with common parts."""
    from .groups import find_copies

    with FingerprintIndex(args.index) as opened:
        print_groups(find_copies(opened, args.topk, args.threshold), args.json, args.csv)


def delete(args) -> None:
    """Removes files from an index."""
    from .indexing import finish

    with FingerprintIndex(args.index) as opened:  # an index is not made to delete from it
        indexed = opened.catalog.files.keys()
    paths = [absolute(path) for path in args.paths]
    found = {path: [name for name in indexed if _is_in(name, path)] for path in paths}
    absent = [path for path, names in found.items() if not names]
    if absent:
        raise UsageError(f'not in {args.index}: {shorten(absent)}')
    with FingerprintIndex(args.index, write=True) as opened:
        names = sorted({name for names in found.values() for name in names})
        opened.catalog.remove(names)
        finish(opened)
        print(f'{args.index}: {len(names)} files removed, {len(opened.catalog.files)} left')
    print('The files are still on disk: "avtss-fp index" of their folder would add them again.')


def stats(args) -> None:
    """Describes an index."""

    with FingerprintIndex(args.index) as opened:
        metadata = opened.stats()
    if args.json:
        print(json.dumps(metadata, indent=2))
        return
    for name, value in metadata.items():
        value = json.dumps(value) if isinstance(value, (dict, list)) else value
        print(f'{name:<20}{value}')


def distort(args) -> int:
    """Makes distorted copies; returns 1 if there are none."""
    from .distortion.distort import QUERIES, REJECTS, distort_folder

    if args.sheet and not os.path.isfile(args.source):
        raise UsageError(f'--sheet shows one video, and {args.source} is not a file')

    check_replaceable(os.path.join(args.out, QUERIES), args.overwrite)

    def progress(results, total):
        return bar(results, total=total, unit='copy', disable=not total)

    options = dict(workers=workers_of(args), timeout=args.timeout, progress=progress)
    rows, rejects = distort_folder(args.source, args.out, args.only, args.severity, **options)
    print(f'{len(rows):,} copies of {len({row["source"] for row in rows}):,} files in {args.out}')
    print(f'  {os.path.join(args.out, QUERIES)} maps the seconds of each copy to its source')
    if rejects:
        path = os.path.join(args.out, REJECTS)
        print(f'  {len(rejects):,} copies could not be made, listed in {path}')
    if args.sheet and rows:
        from .distortion.sheet import distortion_sheet

        source = os.path.basename(args.source)
        shown = [row for row in rows if row['source'] == source]
        distortion_sheet(args.source, args.out, shown, args.sheet)
        print(f'  {args.sheet} shows them')
    return 0 if rows else 1


def _model(args, metadata: dict) -> tuple[str, str | None]:
    """Checkpoint and config, as given now or when the index was made."""
    if args.checkpoint or args.config:
        return args.checkpoint or metadata.get('checkpoint') or _missing(), args.config
    # never read without being asked: a config is run, and an index may be untrusted
    if metadata.get('config'):
        raise UsageError(
            f'this index was made with a config: add --config {shlex.quote(metadata["config"])}'
        )
    if '://' in metadata.get('checkpoint', ''):  # nor is anything fetched
        raise UsageError(
            f'this index was made with {metadata["checkpoint"]}: name it by --checkpoint'
        )
    return metadata.get('checkpoint', SHIPPED), None


def _embedder(
    checkpoint: str, config: str | None, stride: float, device: str | None, kept: list[str]
):
    """Makes the chunk embedder; mmengine's warnings about it go to stderr.

    Says which of the fingerprints that the index keeps cannot be computed here.
    """
    from mmengine.logging import MMLogger

    from .embedding import chunk_embedder

    there = installed()
    usable = [name for name in kept if name in there]
    for name in (name for name in kept if name not in there):
        descriptor = DESCRIPTORS[LETTERS[name]]
        sys.stderr.write(f'{descriptor}: left out, since {NEEDED[name]} is not installed\n')
    with redirect_stdout(sys.stderr):  # the standard output is for results
        MMLogger.get_current_instance().setLevel('WARNING')
        return chunk_embedder(checkpoint, config, stride, device=device, descriptors=usable)


def _missing():
    raise UsageError('name the weights: --checkpoint CKPT')


def _absolute(name: str) -> str:
    return name if name in ('random', SHIPPED) else absolute(name)


def _is_in(name: str, path: str) -> bool:
    return name == path or name.startswith(os.path.join(path, ''))


gc.freeze()  # else Python looks through all that was imported once more before it ends: a second
