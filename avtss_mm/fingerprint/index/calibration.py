"""Calibrates the threshold of matches.

It is estimated from the index itself: each file is searched for among the others, which are
unrelated except for some copies. The best score among many unrelated files follows a Gumbel
distribution. It is fitted to the lower quantiles, as copies are in the upper ones. The threshold is
the score that 1 % of unrelated files reach.
"""

from __future__ import annotations

import numpy as np

from ..matching.fusion import fuse
from ..matching.hits import Hits
from ..matching.segments import Segment, find_segments
from .index import LETTERS, FingerprintIndex
from .sample import FILES, Sample, extrapolated, spread
from .strangers import ceiling_of, find_candidates, find_ceilings
from .tables import File, Track

FALLBACK = dict(v=0.4, a=0.5, av=0.6)
"""Maximum thresholds; those in use if fewer than ``FEWEST`` different files are indexed.

With 1 and 4 real clips indexed, 95 % of 32 unrelated clips stay below each; all 24 copies reach
one.
"""

FEWEST, MANY = 10, 100
"""Between so many files, thresholds go from ``FALLBACK`` to what the files say.

Features are whitened by these files, which makes them less alike than strangers are: the fewer, the
more so. Read off 24 real clips, 15 of 28 strangers reached a threshold; so mixed, 3 do.
"""

FALSE_ALARMS = 0.01
LOWEST = 0.05
"""Minimum threshold, whatever the files say: they are few."""

MOST_SEGMENTS = 10
"""Number of segments to find in unrelated files: the best ones are among them."""


def find_thresholds(index: FingerprintIndex) -> dict:
    """Computes thresholds and ceilings to store in the catalog, and says where they come from."""
    index.catalog.set_metadata(ceilings=find_ceilings(index))
    thresholds, number = _calibrate(index)
    source = f'reached by 1 % of unrelated files, estimated from {number} of its files'
    if number < MANY:
        source += ', raised because these are few'
    if number < FEWEST:
        source = f'the default, as fewer than {FEWEST} different files are indexed'
    return dict(thresholds=thresholds, thresholds_from=source)


def calibrate(index: FingerprintIndex) -> dict[str, float]:
    """Computes the thresholds of ``'v'``, ``'a'`` and ``'av'``; equal files give equal ones."""
    return _calibrate(index)[0]


def _calibrate(index: FingerprintIndex) -> tuple[dict[str, float], int]:
    """Computes the thresholds; returns them and the number of different files used."""
    samples = {letter: Sample(index, name) for name, letter in LETTERS.items()}
    files = sorted(index.catalog.files.values(), key=lambda file: file.path)
    scores = {'v': [], 'a': [], 'av': []}
    files = _without_copies(samples, spread(files, FILES))
    for file in files:
        found = {
            letter: _strangers(samples[letter], file.tracks[name])
            for name, letter in LETTERS.items()
            if name in file.tracks and len(file.tracks[name].times)
        }
        for letter, segments in found.items():
            scores[letter].append(_best(segments, letter))
        if len(found) == 2:
            both = [(segment, letter) for letter in found for segment in found[letter]]
            scores['av'].append(_best([segment for segment, _ in fuse(both)], 'av'))
    thresholds = dict(FALLBACK)
    for letter, values in scores.items():
        if len(values) >= FEWEST:
            shares = np.linspace(0.1, 0.6, 11)
            limited = np.clip(extrapolated(values, shares, 1 - FALSE_ALARMS), LOWEST, None)
            few = np.clip((MANY - len(files)) / (MANY - FEWEST), 0, 1)
            told = min(float(limited), FALLBACK[letter])
            thresholds[letter] = round(float(few * FALLBACK[letter] + (1 - few) * told), 4)
    return thresholds, len(files)


def _without_copies(samples: dict[str, Sample], files: list[File]) -> list[File]:
    """Keeps one of each set of files that are copies of each other."""
    kept, copies = [], set()
    for file in files:
        if file.id not in copies:
            kept.append(file)
            for name, letter in LETTERS.items():
                if name in file.tracks and len(file.tracks[name].times):
                    _, similarity = samples[letter].compared(file.tracks[name])
                    same = samples[letter].copies(file.tracks[name], similarity)
                    copies.update(samples[letter].files[same].tolist())
    return kept


def _best(segments: list[Segment], letter: str) -> float:
    """Best score that is not certainly a copy's."""
    scores = [segment.score for segment in segments]
    return max((score for score in scores if score < FALLBACK[letter]), default=0.0)


def _strangers(sample: Sample, track: Track) -> list[Segment]:
    """Finds segments of unrelated files that resemble the middle of a track."""
    middles, similarity = sample.compared(track)
    copies = sample.copies(track, similarity)
    similarity[:, copies] = -np.inf
    number = len(copies) - copies.sum()
    if not number:
        return []
    ceiling = ceiling_of(sample.index, sample.modality)
    found = find_candidates(_best_of, similarity, number, ceiling=ceiling)
    hits = Hits(
        middles[found.chunk],
        sample.files[found.id],
        sample.middles[found.id],
        found.similarity,
        found.level,
    )
    return find_segments(hits, max_segments=MOST_SEGMENTS)


def _best_of(similarity: np.ndarray, topk: int) -> tuple[np.ndarray, np.ndarray]:
    """Highest similarities (m, k) of (m, G) and their indices, highest first."""
    best = np.argpartition(-similarity, topk - 1, axis=1)[:, :topk]
    values = np.take_along_axis(similarity, best, axis=1)
    order = (-values).argsort(axis=1)
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(best, order, axis=1)
