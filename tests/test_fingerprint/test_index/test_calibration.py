"""The threshold of a match: unrelated files hardly reach it, with or without copies among them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_index import chunks, make_index

from avtss_mm.fingerprint.index.calibration import FALLBACK
from avtss_mm.fingerprint.search import match_chunks


def files(seeds):
    return [chunks(seed) for seed in seeds]


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


@pytest.mark.slow
def test_few_strangers_are_found_and_all_copies(tmp_path):
    with make_index(tmp_path, files(range(60))) as index:
        strangers = share_found(index, [chunks(seed) for seed in range(1000, 1100)])
        assert max(strangers.values()) <= 0.08, strangers  # 0.01 is aimed at, of each alone
        copies = share_found(index, [chunks(seed) for seed in range(60)])
        assert min(copies.values()) == 1


@pytest.mark.slow
def test_copies_among_the_files_hardly_raise_it(tmp_path):
    with make_index(tmp_path / 'a', files(range(60))) as index:
        alone = index.catalog.metadata['thresholds']
    with make_index(tmp_path / 'b', files([*range(60), *range(10)])) as index:
        beside = index.catalog.metadata['thresholds']
    assert set(alone) == {'v', 'a', 'av'}
    assert beside == pytest.approx(alone, rel=0.5)
    with make_index(tmp_path / 'c', files([*range(30), *range(30)])) as index:
        copies = share_found(index, [chunks(seed) for seed in range(30)])
    assert min(copies.values()) == 1, 'where all are copies, they still are matches'


@pytest.mark.parametrize('number', [1, 4, 9])
def test_few_files_find_their_copies_and_no_strangers(number, tmp_path):
    with make_index(tmp_path, files(range(number))) as index:
        assert index.catalog.metadata['thresholds'] == FALLBACK
        strangers = share_found(index, [chunks(seed) for seed in range(1000, 1050)])
        rng = np.random.default_rng(0)
        asked = [
            {k: (t, v + 0.5 * rng.normal(size=v.shape)) for k, (t, v) in chunks(seed).items()}
            for seed in range(number)
        ]
        copies = share_found(index, asked)
    assert max(strangers.values()) <= 0.08, strangers
    assert min(copies.values()) == 1
