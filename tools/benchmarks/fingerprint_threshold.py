#!/usr/bin/env python
"""What a calibrated threshold finds and what it wrongly matches, by the size of an index.

python tools/benchmarks/fingerprint_threshold.py DIR --checkpoint CKPT --out OUT

DIR has clips that are not copies of each other. Copies of the first ``--sources`` are made. Indices
of random clips are searched for all copies and all other clips, by video, audio and both: with the
learned features, with perceptual hashes and Chromaprint alone, and with all together.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from fingerprint_parts import chosen, features, filled, installed_kinds, searched
from measuring import parser, report

from avtss_mm.fingerprint.choices import FOUND_BY, MODALITIES, SIDES, installed
from avtss_mm.fingerprint.distortion.distort import distort_folder
from avtss_mm.media import find_media
from avtss_mm.workers.progress import bar

DISTORTIONS = {  # name: severity
    **dict.fromkeys(('crop', 'crf', 'repost', 'trim', 'filmed', 'mp3', 'audio_noise'), 2),
    **dict.fromkeys(('flip', 'letterbox'), 1),
}
DRAWS = {1: 12, 3: 5, 4: 5, 10: 3, 24: 2, 60: 1}
"""Number of indices drawn, by the number of files."""

COLUMNS = ('copies found', 'strangers matched', 'copies without source matched')


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('clips', type=Path, metavar='DIR', help='clips, none a copy of another')
    parse.add_argument('--checkpoint', required=True, help="weights, or 'random' with --config")
    parse.add_argument('--config', help='config of the model (default: that in the checkpoint)')
    parse.add_argument('--sources', type=int, default=16, help='clips to copy (%(default)s)')
    args = parse.parse_args()
    from avtss_mm.fingerprint.background import CLIPS

    names = sorted(find_media(args.clips))
    model = dict(checkpoint=args.checkpoint, config=args.config, descriptors=installed())
    references = features(model, args.clips, names, 1.0)
    asked = [(name, chunks) for name, chunks in features(model, args.clips, names, 0.5).items()]
    sources = names[: 2 if args.small else args.sources]
    copies = []
    for severity in sorted(set(DISTORTIONS.values())):
        only = [name for name, of in DISTORTIONS.items() if of == severity]
        with tempfile.TemporaryDirectory() as folder:
            rows, _ = distort_folder(sources, folder, only, [severity], root=args.clips)
            found = features(model, folder, [row['filename'] for row in rows], 0.5)
        rows = [row for row in rows if row['filename'] in found]
        copies += [(row['source'], row['distortion'], found[row['filename']]) for row in rows]
    background = list(features(model, CLIPS, sorted(find_media(CLIPS)), 1.0).values())
    rng, lines, by_distortion = np.random.default_rng(0), [], []
    for size, number in DRAWS.items():
        if size < len(references):
            drawn = [rng.choice(list(references), size, replace=False) for _ in range(number)]
            by_distortion = [dict(distortion=name) for name in DISTORTIONS]  # of the largest
            for kind, letters in installed_kinds().items():
                shown = bar(drawn, f'{kind}, {size} files', leave=False)
                counts, thresholds = measure(background, references, shown, copies, asked, letters)
                for by in thresholds:
                    line = dict(files=size, descriptors=kind, by=FOUND_BY[by])
                    line['threshold'] = float(np.mean(thresholds[by]))
                    cells = {column: _share(counts[by, column]) for column in COLUMNS}
                    lines.append({**line, **cells})
                    for row in by_distortion:
                        row[f'{kind}: {FOUND_BY[by]}'] = _share(counts[by, row['distortion']])
    tables = {'Matches': lines, 'Copies found by distortion, in the largest indices': by_distortion}
    report('fingerprint_threshold', tables, args.out)


def _share(count: np.ndarray) -> str:
    hits, total = count
    return f'{hits} of {total}'


def measure(background, references, drawn, copies, asked, letters) -> tuple[dict, dict]:
    """Searches indices of the drawn files, with some of the descriptors.

    Returns:
        tuple: Hits and total (2,) by modality and column or distortion; thresholds by modality.
    """
    from avtss_mm.fingerprint.index.limits import threshold_name, thresholds_of

    sides = {SIDES[letter] for letter in letters}
    thresholds = {modality: [] for modality in MODALITIES if sides.issuperset(modality)}
    counts = defaultdict(lambda: np.zeros(2, int))
    for names in drawn:
        indexed = {name: references[name] for name in names}
        with (
            tempfile.TemporaryDirectory() as folder,
            filled(folder, indexed, letters, background) as index,
        ):
            for modality in thresholds:
                used = [letter for letter in letters if SIDES[letter] in modality]
                applied = thresholds_of(index.catalog.metadata)[threshold_name(used)]
                thresholds[modality].append(applied)
                for source, distortion, chunks in copies:
                    matches = searched(index, chosen(chunks, used))
                    if matches is not None and source in names:
                        hit = bool(matches) and matches[0].video == source, 1
                        counts[modality, COLUMNS[0]] += hit
                        counts[modality, distortion] += hit
                    elif matches is not None:
                        counts[modality, COLUMNS[2]] += bool(matches), 1
                for name, chunks in asked:
                    matches = None if name in names else searched(index, chosen(chunks, used))
                    if matches is not None:
                        counts[modality, COLUMNS[1]] += bool(matches), 1
    return counts, thresholds


if __name__ == '__main__':
    main()
