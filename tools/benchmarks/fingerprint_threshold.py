#!/usr/bin/env python
"""What a calibrated threshold finds and what it wrongly matches, by the size of an index.

python tools/benchmarks/fingerprint_threshold.py DIR --checkpoint CKPT --out OUT

DIR has clips that are not copies of each other. Copies of the first ``--sources`` are made. Indices
of random clips are searched for all copies and all other clips, by video, audio and both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from measuring import parser, report
from tqdm import tqdm

from avtss_mm.fingerprint.choices import FOUND_BY, LETTERS, MODALITIES, SIDES, installed
from avtss_mm.fingerprint.distortion.distort import distort_folder
from avtss_mm.media import find_media

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.fingerprint.index.index import FingerprintIndex

DISTORTIONS = ('crop', 'crf', 'repost', 'trim', 'filmed', 'mp3', 'audio_noise')
DRAWS = {1: 12, 3: 5, 4: 5, 10: 3, 24: 2, 60: 1}
"""Number of indices drawn, by the number of files."""


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('clips', type=Path, metavar='DIR', help='clips, none a copy of another')
    parse.add_argument('--checkpoint', required=True, help="weights, or 'random' with --config")
    parse.add_argument('--config', help='config of the model (default: that in the checkpoint)')
    parse.add_argument('--sources', type=int, default=16, help='clips to copy (%(default)s)')
    there = installed()
    parse.add_argument(
        '--descriptors', nargs='*', choices=there, default=there, help='besides the learned'
    )
    args = parse.parse_args()
    from avtss_mm.fingerprint.background import CLIPS

    names = sorted(find_media(args.clips))
    model = dict(checkpoint=args.checkpoint, config=args.config, descriptors=args.descriptors)
    references = features(model, args.clips, names, 1.0)
    asked = [(name, chunks) for name, chunks in features(model, args.clips, names, 0.5).items()]
    with tempfile.TemporaryDirectory() as folder:
        sources = names[: 2 if args.small else args.sources]
        rows, _ = distort_folder(sources, folder, DISTORTIONS, [2], root=args.clips)
        copies = features(model, folder, [row['filename'] for row in rows], 0.5)
    copies = [(row['source'], copies[row['filename']]) for row in rows if row['filename'] in copies]
    background = list(features(model, CLIPS, sorted(find_media(CLIPS)), 1.0).values())
    rng, lines = np.random.default_rng(0), []
    for size, number in DRAWS.items():
        if size < len(references):
            drawn = [rng.choice(list(references), size, replace=False) for _ in range(number)]
            lines += measure(background, references, drawn, copies, asked)
    report('fingerprint_threshold', {'Matches': lines}, args.out)


def features(model, folder, names, stride: float) -> dict:
    """Chunks of the files of a folder, by name; unreadable files are left out."""
    from avtss_mm.fingerprint.embed_media import embed_media
    from avtss_mm.fingerprint.embedding import chunk_embedder
    from avtss_mm.fingerprint.search import chunks_of

    embedder = chunk_embedder(**model, stride=stride)
    paths = {str(Path(folder, name)): name for name in names}
    found = tqdm(embed_media(embedder, list(paths), embedder.modalities), total=len(paths))
    return {
        paths[path]: chunks_of(clips) for path, clips in found if not isinstance(clips, Exception)
    }


def measure(background, references, drawn, copies, asked) -> list[dict]:
    """Searches indices of the drawn files; a line for each modality."""
    from avtss_mm.fingerprint.index.background import store_background
    from avtss_mm.fingerprint.index.index import FingerprintIndex
    from avtss_mm.fingerprint.indexing import finish

    counts = {letter: np.zeros((3, 2), int) for letter in MODALITIES}
    thresholds = {letter: [] for letter in MODALITIES}
    for names in drawn:
        with tempfile.TemporaryDirectory() as folder, FingerprintIndex(folder, write=True) as index:
            index.catalog.set_metadata(chunk=2.0)
            for name in names:
                tracks = {side: (*track, 0) for side, track in references[name].items()}
                index.catalog.replace(name, '0', tracks)
            store_background(index.catalog, background)
            finish(index)
            for letter in MODALITIES:
                thresholds[letter].append(index.catalog.metadata['thresholds'][letter])
                for source, chunks in copies:
                    matches = searched(index, chunks, letter)
                    if matches is not None and source in names:
                        counts[letter][0] += bool(matches) and matches[0].video == source, 1
                    elif matches is not None:
                        counts[letter][2] += bool(matches), 1
                for name, chunks in asked:
                    matches = None if name in names else searched(index, chunks, letter)
                    if matches is not None:
                        counts[letter][1] += bool(matches), 1
    columns = ('copies found', 'strangers matched', 'copies without source matched')
    return [
        {
            'files': len(drawn[0]),
            'by': FOUND_BY[letter],
            'threshold': float(np.mean(thresholds[letter])),
            **{name: f'{hit} of {all_}' for name, (hit, all_) in zip(columns, counts[letter])},
        }
        for letter in MODALITIES
    ]


def searched(index: FingerprintIndex, chunks, letter: str):
    """Matches of a query by a modality; None if it has none of it."""
    from avtss_mm.fingerprint.search import match_chunks

    chunks = {name: track for name, track in chunks.items() if SIDES[LETTERS[name]] in letter}
    if any(len(times) for times, _ in chunks.values()):
        return match_chunks(index, 'query', chunks)
    return None


if __name__ == '__main__':
    main()
