"""Matches of video and audio are joined and weighted; each part of a video matches only once."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.small_index import chunks, make_index

from avtss_mm.fingerprint.search import find_copies, match_chunks


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
    half = match_chunks(index, 'query', chunks(3), weights=dict(video=0.5, audio=0))
    assert half[0].score == pytest.approx(alone[0] / 2, abs=0.02)


def test_a_loop_is_one_match(index):
    asked = {name: (times[:12], vectors[:12]) for name, (times, vectors) in loop_of(index).items()}
    matches = match_chunks(index, 'query', asked, threshold=0.01)
    same = [match for match in matches if match.video == '/030.mp4']
    stretches = sorted((match.query_start, match.query_end) for match in same)
    assert same and all(b[0] > (a[0] + a[1]) / 2 for a, b in zip(stretches, stretches[1:]))


def loop_of(index):
    from avtss_mm.fingerprint.search import chunks_in

    return chunks_in(index, '/030.mp4')


def test_pairs_are_found_once_and_no_file_in_itself(tmp_path):
    files = [chunks(seed) for seed in (*range(12), 5, 5)]
    with make_index(tmp_path, files) as index:
        pairs = sorted((match.query, match.video) for match in find_copies(index))
    assert pairs == [
        ('/005.mp4', '/012.mp4'), ('/005.mp4', '/013.mp4'), ('/012.mp4', '/013.mp4'),
    ]  # fmt: skip
