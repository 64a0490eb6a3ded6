#!/usr/bin/env python
"""What ``avtss-fp`` finds when little is given: short files and queries, few files, loops.

python tools/benchmarks/fingerprint_short.py DIR --out OUT

DIR has clips that are not copies of each other. Those with sound of ten seconds or more are the
sources, of which files and queries are cut and encoded anew; all other clips are indexed, too.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from fingerprint_parts import chosen, features, filled, searched
from measuring import parser, report
from tqdm import tqdm

from avtss_mm.fingerprint.choices import FOUND_BY, LETTERS, SIDES, installed
from avtss_mm.media import find_media, probe

SECONDS = 10.0
"""Length that is used of a source."""

DRAWS = {1: 12, 3: 6, 10: 3}
"""Number of indices drawn, by the number of files."""

WRONG_SPEED = 0.05
"""Difference of a speed from 1 that counts as wrong."""

OUTSIDE = 0.05
"""Seconds by which a place may lie outside its file."""


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument('clips', type=Path, metavar='DIR', help='clips, none a copy of another')
    parse.add_argument('--checkpoint', default='shipped', help='weights (%(default)s)')
    parse.add_argument('--config', help='config of the model (default: that in the checkpoint)')
    parse.add_argument('--sources', type=int, default=12, help='clips to cut (%(default)s)')
    args = parse.parse_args()
    from fingerprint_cuts import cases, make_cuts

    from avtss_mm.fingerprint.background import CLIPS

    facts = {name: probe(args.clips / name) for name in sorted(find_media(args.clips))}
    able = [name for name, row in facts.items() if row['duration'] >= SECONDS - 0.1]
    able = [name for name in able if not facts[name]['silent']]
    sources = able[: 3 if args.small else args.sources]
    model = dict(checkpoint=args.checkpoint, config=args.config, descriptors=installed())
    planned = list(cases(sources, SECONDS, {1: 2} if args.small else DRAWS))
    files = {cut for case in planned for cut in case.files.values()}
    queries = {cut for case in planned for cut in case.queries}
    with tempfile.TemporaryDirectory() as folder:
        names = make_cuts(args.clips, files | queries, folder)
        indexed = features(model, folder, [names[cut] for cut in sorted(files)], 1.0)
        asked = features(model, folder, [names[cut] for cut in sorted(queries)], 0.5)
    others = features(model, args.clips, [name for name in facts if name not in sources], 1.0)
    background = list(features(model, CLIPS, sorted(find_media(CLIPS)), 1.0).values())
    rows, thresholds = defaultdict(Row), defaultdict(list)
    for case in tqdm(planned, 'cases'):
        chunks = {name: indexed[names[cut]] for name, cut in case.files.items()}
        chunks.update({} if case.is_alone else others)
        with (
            tempfile.TemporaryDirectory() as out,
            filled(out, chunks, LETTERS.values(), background) as index,
        ):
            thresholds[len(chunks)].append(index.catalog.metadata['thresholds'])
            for cut in case.queries:
                rows[case.title].add(index, asked[names[cut]], cut, case.files)
    tables = {
        'Found by avtss-fp': [dict(case=title, **row.cells()) for title, row in rows.items()],
        'Lowest and highest threshold': [
            dict(files=size, indices=len(each), **spread(each))
            for size, each in sorted(thresholds.items())
        ],
    }
    report('fingerprint_short', tables, args.out)


class Row:
    """Counts what was found in the queries of a case."""

    def __init__(self) -> None:
        self.expected, self.wrong, self.outside, self.speeds = 0, 0, 0, 0
        self.found, self.errors = dict.fromkeys(FOUND_BY, 0), []

    def add(self, index, chunks: dict, query: tuple, files: dict[str, tuple]) -> None:
        """Searches for a query, whose pieces and those of the indexed files are known."""
        from fingerprint_cuts import seconds_of, truths

        places = {name: truths(query, cut) for name, cut in files.items()}
        places = {name: found for name, found in places.items() if found}
        self.expected += len(places)
        for by in FOUND_BY:
            used = [letter for letter, side in SIDES.items() if side in by]
            matches = searched(index, chosen(chunks, used)) or []
            self.found[by] += len(places.keys() & {match.video for match in matches})
        self.wrong += sum(match.video not in places for match in matches)
        for name in places:
            mine = next((match for match in matches if match.video == name), None)
            if mine is not None:
                query_middle = (mine.query_start + mine.query_end) / 2
                video_middle = (mine.video_start + mine.video_end) / 2
                offsets = [truth.video - truth.query for truth in places[name]]
                errors = [abs(video_middle - query_middle - offset) for offset in offsets]
                self.errors.append(min(errors))
                self.speeds += abs(mine.speed - 1) > WRONG_SPEED
                self.outside += (
                    min(mine.query_start, mine.video_start) < -OUTSIDE
                    or mine.query_end > seconds_of(query) + OUTSIDE
                    or mine.video_end > seconds_of(files[name]) + OUTSIDE
                )

    def cells(self) -> dict:
        found = ', '.join(str(number) for number in self.found.values())
        median, largest = (
            (float(np.median(self.errors)), max(self.errors)) if self.errors else (None, None)
        )
        return {
            'found by picture, sound, both': f'{found} of {self.expected}',
            'wrong matches': self.wrong,
            'median error s': median,
            'largest error s': largest,
            'wrong speed': int(self.speeds),
            'outside the file': int(self.outside),
        }


def spread(thresholds: list[dict]) -> dict[str, str]:
    """Lowest and highest threshold by modality."""
    columns = {by: [each[by] for each in thresholds] for by in FOUND_BY}
    return {FOUND_BY[by]: f'{min(row):.2f} - {max(row):.2f}' for by, row in columns.items()}


if __name__ == '__main__':
    main()
