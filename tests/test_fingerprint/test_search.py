"""Matches of video and audio are joined and weighted; each part of a video matches only once."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_index import chunks, make_index

from avtss_mm.fingerprint.groups import find_copies
from avtss_mm.fingerprint.index.limits import EVIDENCE
from avtss_mm.fingerprint.search import match_chunks


@pytest.fixture(scope='module')
def index(tmp_path_factory):
    """An index of thirty unrelated files and a video that repeats the same four seconds."""
    files = [chunks(seed) for seed in range(30)]
    loop = {
        name: (np.arange(24)[:, None] + [0.0, 2.0], np.tile(vectors, (6, 1)))
        for name, (_, vectors) in chunks(99, 4).items()
    }
    with make_index(tmp_path_factory.mktemp('index'), [*files, loop]) as made:
        yield made


def part(seed, first, last):
    return {
        name: (times[first:last] - first, vectors[first:last])
        for name, (times, vectors) in chunks(seed).items()
    }


def test_a_stretch_is_found_where_it_is(index):
    (best,) = match_chunks(index, 'query', part(7, 3, 10))
    assert (best.video, best.modality) == ('/007.mp4', 'av')
    assert best.video_start - best.query_start == pytest.approx(3, abs=0.2)
    assert best.speed == pytest.approx(1, abs=0.05)
    assert best.query_end - best.query_start == pytest.approx(8, abs=0.5)


def test_picture_and_sound_of_two_videos_are_two_matches(index):
    mixed = dict(video=part(4, 0, 9)['video'], audio=part(5, 2, 11)['audio'])
    found = {match.modality: match for match in match_chunks(index, 'query', mixed)}
    assert {letter: match.video for letter, match in found.items()} == dict(
        v='/004.mp4', a='/005.mp4'
    )


def test_both_are_surer_than_either_and_weights_count(index):
    both = match_chunks(index, 'query', chunks(3))[0].score
    alone = [match_chunks(index, 'query', {k: v})[0].score for k, v in chunks(3).items()]
    assert both == pytest.approx(1 - (1 - alone[0]) * (1 - alone[1]), abs=0.02)
    half = match_chunks(index, 'query', chunks(3), threshold=0.05, weights=dict(video=0.5, audio=0))
    assert half[0].score == pytest.approx(alone[0] / 2, abs=0.02)


@pytest.mark.parametrize('share, counts', [(0.3, False), (1.0, True)])
def test_a_low_score_of_a_hash_does_not_count(tmp_path, share, counts):
    files = [{**chunks(seed), 'phash': chunks(seed + 500)['video']} for seed in range(30)]
    times, vectors = files[5]['phash']
    noise = np.random.default_rng(0).normal(2, 1.7, vectors.shape)
    hashes = times, share * vectors + (1 - share) * noise
    with make_index(tmp_path, files) as index:
        limit = EVIDENCE * index.catalog.metadata['thresholds']['v']
        alone = match_chunks(index, 'query', dict(phash=hashes), threshold=0)
        asked = dict(video=files[3]['video'], phash=hashes)
        found = match_chunks(index, 'query', asked, threshold=0)
    best = next(match for match in alone if match.video == '/005.mp4')
    assert 0 < best.score and (best.score >= limit) == counts
    assert ('/005.mp4' in [match.video for match in found if 'h' in match.descriptors]) == counts
    assert all(match.score >= limit for match in found if match.descriptors == 'h')


def test_a_loop_is_one_match(index):
    asked = {name: (times[:12], vectors[:12]) for name, (times, vectors) in loop_of(index).items()}
    matches = match_chunks(index, 'query', asked, threshold=0.01)
    same = [match for match in matches if match.video == '/030.mp4']
    stretches = sorted((match.query_start, match.query_end) for match in same)
    assert same and all(b[0] > (a[0] + a[1]) / 2 for a, b in zip(stretches, stretches[1:]))


def loop_of(index):
    from avtss_mm.fingerprint.search import chunks_in

    return chunks_in(index, '/030.mp4')


def copies_among(tmp_path, number, total, jingle=False):
    """An index of a clip ``number`` times, re-encoded, among others; half of all have a jingle."""
    rng = np.random.default_rng(number)

    def encoded(file, noise=0.3):
        return {k: (t, v + noise * rng.normal(size=v.shape)) for k, (t, v) in file.items()}

    files = [encoded(chunks(0)) if i < number else chunks(1000 + i) for i in range(total)]
    if jingle:
        for i in range(1, total, 2):
            start = encoded(chunks(777, 4), 0.1)
            files[i] = {
                k: (t, np.concatenate([start[k][1], v[4:]])) for k, (t, v) in files[i].items()
            }
    return make_index(tmp_path, files), encoded(chunks(0)), {f'/{i:03d}.mp4' for i in range(number)}


@pytest.mark.parametrize('jingle', [False, True])
@pytest.mark.parametrize('number, total', [(2, 40), (25, 40), (60, 100)])
def test_copies_do_not_hide_each_other(number, total, jingle, tmp_path):
    index, query, copies = copies_among(tmp_path, number, total, jingle)
    with index:
        found = [match_chunks(index, 'query', query, topk=topk) for topk in (5, 200)]
        assert all({match.video for match in matches} == copies for matches in found)
        assert min(match.score for match in found[0]) > 0.5
        groups = [{member.video for member in group} for group in find_copies(index)]
    with_jingle = {f'/{i:03d}.mp4' for i in range(1, total, 2)}
    assert any(copies <= group and len(group) <= len(copies) + 2 for group in groups)
    assert not jingle or any(with_jingle <= group for group in groups)
    assert len(groups) <= 3 + jingle


def test_a_group_has_each_file_once_with_its_place_and_speed(tmp_path):
    files = [chunks(seed) for seed in (*range(12), 5, 5)]
    later = {k: (t[:8], v[4:]) for k, (t, v) in chunks(7).items()}
    with make_index(tmp_path, [*files, later]) as index:
        groups = find_copies(index)
    assert [[member.video for member in group] for group in groups] == [
        ['/005.mp4', '/012.mp4', '/013.mp4'],
        ['/007.mp4', '/014.mp4'],
    ]
    places = [(m.start, m.end, m.speed, m.modality) for m in groups[1]]
    assert places == [
        (pytest.approx(4, abs=0.2), pytest.approx(13, abs=0.2), 1.0, 'av'),
        (pytest.approx(0, abs=0.2), pytest.approx(9, abs=0.2), 1.0, 'av'),
    ]


@pytest.mark.parametrize('length', [2, 5, 8])
@pytest.mark.parametrize('before', [0, 6])
def test_a_short_reference_is_found_whole_and_at_speed_one(length, before, tmp_path):
    """A scene changes little: each chunk of the query is a bit like all of the reference."""
    scene = slow_scene(50, 20)
    piece = part_of(scene, before, before + length - 1)
    with make_index(tmp_path, [*(chunks(seed) for seed in range(30)), piece]) as index:
        (best, *_) = match_chunks(index, 'query', halved(scene))
    assert best.video == '/030.mp4' and best.speed == 1.0
    assert (best.query_start, best.query_end) == pytest.approx((before, before + length), abs=0.3)
    assert (best.video_start, best.video_end) == pytest.approx((0, length), abs=0.3)


def slow_scene(seed, number):
    """Features every second of a scene: half of each is the same in all."""
    same = np.random.default_rng(seed + 1).normal(size=(2, 24))
    return {
        name: (times, vectors + 2 * base)
        for (name, (times, vectors)), base in zip(chunks(seed, number).items(), same)
    }


def part_of(file, first, last):
    return {k: (t[first:last] - first, v[first:last]) for k, (t, v) in file.items()}


def halved(file):
    """A query of a file: features every half second, those between are means."""
    out = {}
    for name, (_, vectors) in file.items():
        between = (vectors[1:] + vectors[:-1]) / 2
        both = np.empty((2 * len(vectors) - 1, vectors.shape[1]))
        both[::2], both[1::2] = vectors, between
        out[name] = np.arange(len(both))[:, None] / 2 + [0.0, 2.0], both
    return out
