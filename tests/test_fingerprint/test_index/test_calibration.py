"""The threshold of a match: unrelated files hardly reach it, with or without copies among them."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_index import chunks, make_index

from avtss_mm.fingerprint.index.background import known_background, store_background
from avtss_mm.fingerprint.index.calibration import find_thresholds
from avtss_mm.fingerprint.index.index import FingerprintIndex
from avtss_mm.fingerprint.index.limits import FALLBACK, HIGHEST, joint, threshold_name
from avtss_mm.fingerprint.index.sample import Sample
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


@pytest.mark.parametrize('number', [1, 2, 4, 9])
def test_few_files_find_their_copies_and_no_strangers(number, tmp_path):
    with make_index(tmp_path, files(range(number))) as index:
        assert (index.catalog.metadata['thresholds'] == FALLBACK) == (number < 3)
        strangers = share_found(index, [chunks(seed) for seed in range(1000, 1050)])
        rng = np.random.default_rng(0)
        asked = [
            {k: (t, v + 0.5 * rng.normal(size=v.shape)) for k, (t, v) in chunks(seed).items()}
            for seed in range(number)
        ]
        copies = share_found(index, asked)
    assert max(strangers.values()) <= 0.08, strangers
    assert min(copies.values()) == 1


def test_thresholds_do_not_depend_on_where_the_folder_is(tmp_path):
    told = []
    for place, root in enumerate(('', '/a', '/b/c', '/not \udcff UTF-8')):
        with make_index(tmp_path / str(place), files(range(6)), root) as index:
            told.append(index.catalog.metadata['thresholds'])
    assert told == [told[0]] * 4


def test_background_clips_tell_the_threshold_of_one_file(tmp_path):
    background = files(range(100, 118))
    with make_index(tmp_path, files([0])) as index:
        store_background(index.catalog, background)
        told = find_thresholds(index)
        assert 'estimated from 18 clips of avtss_mm' in told['thresholds_from']
        lower = told['thresholds']
        assert all(0.5 * FALLBACK[letter] < lower[letter] < FALLBACK[letter] for letter in lower)
        alike = [{k: (t, v + np.ones(24)) for k, (t, v) in chunks(0).items()} for _ in range(18)]
        store_background(index.catalog, alike)
        higher = find_thresholds(index)['thresholds']
        assert all(higher[letter] > lower[letter] for letter in lower), 'all resemble the file'
        assert index.stats()['files'] == 1 and len(index.vectors('video')) == 12


def test_files_of_one_kind_need_a_higher_threshold(tmp_path):
    def kind(seed):
        """A file that shares part of its course with all others of its kind."""
        own, common = chunks(seed), chunks(99)
        return {name: (own[name][0], own[name][1] + 0.7 * common[name][1]) for name in own}

    with make_index(tmp_path / 'a', files(range(12))) as index:
        mixed = index.catalog.metadata['thresholds']
    with make_index(tmp_path / 'b', [kind(seed) for seed in range(12)]) as index:
        alike = index.catalog.metadata['thresholds']
        strangers = share_found(index, [kind(seed) for seed in range(1000, 1050)])
        copies = share_found(index, [kind(seed) for seed in range(12)])
    assert all(alike[letter] <= HIGHEST[letter] for letter in mixed)
    assert all(mixed[letter] < alike[letter] for letter in 'va')
    assert max(strangers.values()) <= 0.08, strangers
    assert min(copies.values()) == 1


@pytest.mark.slow
def test_every_tenth_file_is_of_the_same_kind(tmp_path):
    def kind(seed):
        own, common = chunks(seed), chunks(90 + seed % 10)
        return {name: (own[name][0], own[name][1] + common[name][1]) for name in own}

    with make_index(tmp_path, [kind(seed) for seed in range(100, 200)]) as index:
        assert '100 of its files' in index.catalog.metadata['thresholds_from']
        strangers = share_found(index, [kind(seed) for seed in range(1000, 1100)])
    assert max(strangers.values()) <= 0.06, strangers


def test_files_of_the_same_kind_are_not_taken_for_copies(tmp_path):
    rng = np.random.default_rng(0)
    common, copied = rng.normal(size=(2, 12, 256))
    times = chunks(0)['video'][0]
    unrelated = list(rng.normal(size=(40, 12, 256)))
    alike = list(0.8 * common + rng.normal(size=(2, 12, 256)))
    copies = list(copied + 0.3 * rng.normal(size=(2, 12, 256)))
    found = [{'video': (times, rows)} for rows in unrelated + alike + copies]
    with make_index(tmp_path, found) as index:
        sample = Sample(index, 'video')
        tracks = {file.path: file.tracks['video'] for file in index.catalog.files.values()}
        assert list(sample.copies_of(tracks['/040.mp4'])) == [tracks['/040.mp4'].file]
        both = {tracks[path].file for path in ('/042.mp4', '/043.mp4')}
        assert set(sample.copies_of(tracks['/042.mp4'])) == both


def test_a_sample_without_files_is_as_if_they_were_not_indexed(tmp_path):
    with make_index(tmp_path / 'a', files(range(6))) as index:
        others = {index.catalog.files[f'/{place:03d}.mp4'].id for place in (4, 5)}
        part = Sample(index, 'video').without(others).vectors
    with make_index(tmp_path / 'b', files(range(4))) as index:
        np.testing.assert_allclose(part, Sample(index, 'video').vectors, atol=1e-4)


def test_background_is_kept_as_stored(tmp_path):
    stored = [chunks(0), {'audio': chunks(1)['audio']}, {}]
    with make_index(tmp_path, files([2])) as index:
        store_background(index.catalog, stored)
    with FingerprintIndex(tmp_path) as index:
        known = known_background(index.catalog)
    assert [chunks.keys() for chunks in known] == [chunks.keys() for chunks in stored]
    times, vectors = known[1]['audio']
    np.testing.assert_array_equal(times, stored[1]['audio'][0])
    np.testing.assert_allclose(vectors, stored[1]['audio'][1], atol=0.01)


def test_hashes_have_thresholds_of_their_own_and_change_no_others(tmp_path):
    number = 12
    with make_index(tmp_path / 'a', files(range(number))) as learned:
        hashed = [{**one, 'phash': one['video']} for one in files(range(number))]
        with make_index(tmp_path / 'b', hashed) as index:
            alone = learned.catalog.metadata['thresholds']
            thresholds = index.catalog.metadata['thresholds']
            assert set(thresholds) - set(alone) == {'v+', 'a+', 'av+'}
            assert {name: thresholds[name] for name in alone} == alone
            # two that say the same reach more: 1 - (1 - s) ** 2
            assert thresholds['v+'] > 1 - (1 - alone['v']) ** 1.5
            assert thresholds['a+'] == alone['a']
            strangers = [chunks(seed) for seed in range(1000, 1050)]
            asked = [{**one, 'phash': one['video']} for one in strangers]
            more = np.mean([any(match_chunks(index, 'query', one)) for one in asked])
            assert more <= share_found(learned, strangers)['av'] + 0.04
            assert all(match_chunks(index, 'query', one) for one in hashed)


def test_a_joined_limit_is_joined_as_scores_are():
    assert joint(dict(v=0.4, a=0.5, av=0.6), 'va', {}) == pytest.approx(dict(v=0.4, a=0.5, av=0.6))
    joined = joint(dict(v=0.4, a=0.5, av=0.6), 'vahc', dict(h=0.5))
    assert joined == pytest.approx(dict(v=1 - 0.6 * 0.8, a=0.75, av=1 - 0.4 * 0.8 * 0.5))
    assert [threshold_name(letters) for letters in ('v', 'va', 'vh', 'h', 'ahc')] == [
        'v', 'av', 'v+', 'v+', 'av+',
    ]  # fmt: skip
