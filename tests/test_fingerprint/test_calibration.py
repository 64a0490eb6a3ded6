"""The threshold of a match: what strangers hardly reach, copies among the files or not."""

from __future__ import annotations

import numpy as np
import pytest

from avtss_mm.fingerprint.calibration import FALLBACK, calibrate
from avtss_mm.fingerprint.index import FingerprintIndex
from avtss_mm.fingerprint.index_whitening import update_whitening
from avtss_mm.fingerprint.search import match_chunks

CHUNKS = 12


def chunks(seed):
    """Vectors that go on from one another, and have much in common with all others."""
    rng = np.random.default_rng(seed)
    times = np.arange(CHUNKS)[:, None] + [0.0, 2.0]
    walk = {name: rng.normal(size=(CHUNKS + 2, 24)) for name in ('video', 'audio')}
    return {name: (times, 2 + x[:-2] + x[1:-1] + x[2:]) for name, x in walk.items()}


def make_index(folder, seeds):
    index = FingerprintIndex(folder, write=True)
    index.catalog.set_facts(chunk=2.0)
    for place, seed in enumerate(seeds):
        tracks = {name: (*track, 0) for name, track in chunks(seed).items()}
        index.catalog.replace(f'/{place:03d}.mp4', '0', tracks)
    update_whitening(index.catalog)
    index.catalog.set_facts(thresholds=calibrate(index))
    return index


def share_found(index, asked):
    by_modality = {
        'v': [{'video': chunks['video']} for chunks in asked],
        'a': [{'audio': chunks['audio']} for chunks in asked],
        'av': asked,
    }
    return {
        name: np.mean([any(match_chunks(index, 'query', one)) for one in many])
        for name, many in by_modality.items()
    }


def test_few_strangers_are_found_and_all_copies(tmp_path):
    with make_index(tmp_path, range(60)) as index:
        strangers = share_found(index, [chunks(seed) for seed in range(1000, 1100)])
        assert max(strangers.values()) <= 0.08, strangers  # 0.01 is aimed at, of each alone
        copies = share_found(index, [chunks(seed) for seed in range(60)])
        assert min(copies.values()) == 1


def test_copies_among_the_files_hardly_raise_it(tmp_path):
    with make_index(tmp_path / 'a', range(60)) as index:
        alone = index.catalog.facts['thresholds']
    with make_index(tmp_path / 'b', [*range(60), *range(10)]) as index:
        beside = index.catalog.facts['thresholds']
    assert set(alone) == {'v', 'a', 'av'}
    assert beside == pytest.approx(alone, rel=0.5)
    with make_index(tmp_path / 'c', [*range(30), *range(30)]) as index:
        copies = share_found(index, [chunks(seed) for seed in range(30)])
    assert min(copies.values()) == 1, 'where all are copies, they still are matches'


def test_few_files_cannot_tell(tmp_path):
    with make_index(tmp_path, range(9)) as index:
        assert index.catalog.facts['thresholds'] == FALLBACK
