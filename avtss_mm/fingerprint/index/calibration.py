"""Calibrates the threshold of matches.

It is the score that 1 % of unrelated files reach. Two kinds are searched for: the files of the
index, each among the others, which are unrelated except for some copies; and, if they are few, the
background clips (:mod:`..background`). The best score among many unrelated files follows a Gumbel
distribution. It is fitted to the lower quantiles, as copies are in the upper ones.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from zlib import crc32

import numpy as np

from ...workers.progress import late_bar
from ..choices import LETTERS, SIDES
from ..chunks import Chunks
from ..matching.fusion import fuse, fuse_sides
from ..matching.hits import Hits
from ..matching.segments import Segment, find_segments
from .background import known_background
from .index import FingerprintIndex
from .limits import FALLBACK, HIGHEST, JOINED, joint, weighted
from .sample import FILES, Sample, extrapolated, spread
from .strangers import ceiling_of, find_candidates, find_ceiling
from .tables import File

LOWEST = 0.05
"""Minimum threshold, whatever the files say: they are few."""

FEWEST, MANY = 3, 100
"""Minimum number of files that say something; number of files that say enough."""

MARGIN = 0.75
"""Share of the way to ``FALLBACK`` by which the threshold of a single file is raised; with ``MANY``
files it is 0. Unrelated files of the same kind as the indexed one resemble it more than others."""

FOLDS = 5
"""Files are searched for by fifths, each among all other files, whose features are whitened by
these alone. Whitened by themselves, files are less alike than strangers are."""

FALSE_ALARMS = 0.01

CHANCES = 4
"""Chances of a query to match per chance of an indexed file, whose false alarms are allowed
accordingly less often: it has twice as many chunks, and matches by its picture or its sound."""

WEIGHTS = 0.5, 1.0
"""Range of the weights of fingerprints without learning. Larger ones raise the few high scores of
unrelated files, too: more of them matched."""

MOST_SEGMENTS = 10
"""Number of segments to find in unrelated files: the best ones are among them."""

Compared = Mapping[str, 'tuple[np.ndarray, np.ndarray]']
"""Mid-times (m,) of chunks and their similarities (m, G) to a sample, by letter."""

Segments = Mapping[str, 'list[Segment]']
"""What was found of one file, by letter."""


def find_thresholds(index: FingerprintIndex) -> dict:
    """Computes weights and thresholds to store in the catalog, and says where they come from."""
    samples = {letter: Sample(index, name) for name, letter in LETTERS.items()}
    indexed = {track.modality for track in index.catalog.tracks.values()}
    ceilings = {s.modality: find_ceiling(s) for s in samples.values() if s.modality in indexed}
    index.catalog.set_metadata(ceilings=ceilings)
    files = sorted(index.catalog.files.values(), key=lambda file: file.path)
    files = _without_copies(samples, spread(files, FILES))
    files.sort(key=_shuffled)  # else every fifth may be of one kind
    own = list(late_bar(_among_others(samples, files), 'thresholds', len(files)))
    clips = [] if len(files) >= MANY else known_background(index.catalog)
    theirs = [_found(samples, _compared(samples, clip, index)) for clip in clips]
    own = own if len(own) >= FEWEST else []
    weights = _weights(own, theirs)
    margin = MARGIN * max(1 - len(files) / MANY, 0)
    thresholds, is_raised = {}, False
    learned, present = set(SIDES.values()), {LETTERS[name] for name in indexed}
    groups = {'': learned, JOINED: present} if present - learned else {'': learned}
    for end, letters in groups.items():
        fallback, highest = (joint(limits, letters, weights) for limits in (FALLBACK, HIGHEST))
        ours = [_best_scores(found, letters, weights, fallback, thresholds) for found in own]
        others = [_best_scores(found, letters, weights, highest, thresholds) for found in theirs]
        for modality, threshold in fallback.items():
            limit = _limit(ours, modality, 0.6, fallback, FALSE_ALARMS / CHANCES)
            if measured := max(limit, _limit(others, modality, 0.9, highest)):
                raised = margin * threshold + (1 - margin) * measured
                threshold = round(max(measured, raised, LOWEST), 4)
                is_raised |= raised > measured
            thresholds[modality + end] = threshold
    source = _source(len(own), len(theirs), is_raised)
    return dict(weights=weights, thresholds=thresholds, thresholds_from=source)


def calibrate(index: FingerprintIndex) -> dict[str, float]:
    """Returns the thresholds of :func:`find_thresholds`, as 0.1 did; 0.3 drops it."""
    return find_thresholds(index)['thresholds']


def _source(own: int, theirs: int, is_raised: bool) -> str:
    """Says where thresholds come from."""
    parts = [f'{own} of its files'] if own else []
    parts += [f'{theirs} clips of avtss_mm'] if theirs else []
    if not parts:
        return f'the default, as fewer than {FEWEST} different files are indexed'
    text = f'reached by 1 % of unrelated files, estimated from {" and ".join(parts)}'
    return f'{text}, raised because these are few' if is_raised else text


def _weights(own: list[Segments], theirs: list[Segments]) -> dict[str, float]:
    """Weights of the fingerprints without learning, by letter.

    With its weight, the score that 1 % of unrelated files reach is that of the learned features.
    """
    limits = {}
    for letter, side in SIDES.items():
        parts = []
        for found, upto, highest in ((own, 0.6, FALLBACK), (theirs, 0.9, HIGHEST)):
            best = [{side: _best(s[letter], highest[side])} for s in found if letter in s]
            parts.append(_limit(best, side, upto, highest))
        limits[letter] = max(parts)
    return {
        letter: round(float(np.clip(limits[side] / limits[letter], *WEIGHTS)), 4)
        for letter, side in SIDES.items()
        if letter != side and limits[letter] and limits[side]
    }


def _limit(
    scores: list[dict[str, float]],
    letter: str,
    upto: float,
    highest: Mapping[str, float],
    reach: float = FALSE_ALARMS,
) -> float:
    """Score that a share reaches, by the quantiles up to another; 0 if it cannot be told."""
    values = [score[letter] for score in scores if letter in score]
    if len(values) < FEWEST:
        return 0.0
    limit = extrapolated(np.array(values), np.linspace(0.1, upto, 11), 1 - reach)
    return min(limit, highest[letter]) if limit < np.inf else 0.0


def _shuffled(file: File) -> int:
    """Hash of a file's name and size: the same wherever its folder is."""
    size = file.stamp.split()[0]
    return crc32(os.fsencode(f'{size} {os.path.basename(file.path)}'))


def _without_copies(samples: dict[str, Sample], files: list[File]) -> list[File]:
    """Keeps one of each set of files that are copies of each other."""
    kept, copies = [], set()
    for file in files:
        if file.id not in copies:
            kept.append(file)
            for letter, track in _tracks(file).items():
                copies.update(samples[letter].copies_of(track))
    return kept


def _among_others(samples: dict[str, Sample], files: list[File]) -> Iterator[Segments]:
    """Yields what is found of files among all files but their fold and their copies."""
    for fold in range(min(FOLDS, len(files))):
        asked = files[fold::FOLDS]
        ids = {file.id for file in asked}
        others = {letter: sample.without(ids) for letter, sample in samples.items()}
        for file in asked:
            compared = {}
            for letter, track in _tracks(file).items():
                sample = others[letter]
                if len(sample.files):
                    middles, similarity = sample.compared(track)
                    copies = np.isin(sample.files, samples[letter].copies_of(track))
                    similarity[:, copies] = -np.inf
                    compared[letter] = middles, similarity
            yield _found(others, compared)


def _tracks(file: File) -> dict:
    """Tracks of a file that have chunks, by letter."""
    tracks = {letter: file.tracks.get(name) for name, letter in LETTERS.items()}
    return {letter: t for letter, t in tracks.items() if t is not None and len(t.times)}


def _compared(samples: dict[str, Sample], chunks: Chunks, index: FingerprintIndex) -> Compared:
    """Compares chunks that are not indexed with all samples that have some."""
    half = index.catalog.metadata['chunk'] / 2
    return {
        LETTERS[name]: (times[:, 0] + half, samples[LETTERS[name]].similarity(vectors))
        for name, (times, vectors) in chunks.items()
        if len(samples[LETTERS[name]].files)
    }


def _found(samples: dict[str, Sample], compared: Compared) -> Segments:
    """Finds segments of unrelated files, by letter."""
    return {
        letter: _segments(samples[letter], middles, similarity)
        for letter, (middles, similarity) in compared.items()
    }


def _best_scores(found: Segments, letters, weights: Mapping, highest: Mapping, learned) -> dict:
    """Best scores up to a limit by ``'v'``, ``'a'`` and, if there are both, ``'av'``."""
    found = {letter: found[letter] for letter in letters & found.keys()}
    pairs = []
    for letter, segments in found.items():
        pairs += weighted(segments, letter, weights.get(letter, 1.0), found, learned)
    present = {SIDES[letter] for letter in found}
    scores = {
        side: _best([segment for segment, _ in fused], highest[side])
        for side, fused in zip('va', fuse_sides(pairs))
        if side in present
    }
    if len(present) == 2:
        scores['av'] = _best([segment for segment, _ in fuse(pairs)], highest['av'])
    return scores


def _best(segments: list[Segment], highest: float) -> float:
    return min(max((segment.score for segment in segments), default=0.0), highest)


def _segments(sample: Sample, middles: np.ndarray, similarity: np.ndarray) -> list[Segment]:
    """Finds segments of unrelated files that resemble chunks; similarities of -inf do not count."""
    number = np.isfinite(similarity[0]).sum()
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
