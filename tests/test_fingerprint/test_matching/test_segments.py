"""Voting for segments on copies with known position and speed."""

import numpy as np
import pytest

from avtss_mm.fingerprint.matching.segments import Hits, Segment, find_segments

CHUNK, QUERY_HOP, VIDEO_HOP = 2.0, 0.5, 1.0


def copy_hits(rng, video, start, end, speed, offset, miss=0.15, duplicates=0.1):
    """Hits of the chunks within [start, end): the two reference chunks closest to the truth."""
    first, last = np.ceil(np.array([start, end - CHUNK]) / QUERY_HOP)
    times = np.arange(first, last + 1) * QUERY_HOP + CHUNK / 2
    times = times[rng.random(len(times)) > miss]
    true = offset + speed * times
    nearest = np.floor(true - CHUNK / 2) * VIDEO_HOP + CHUNK / 2
    video_time = np.concatenate([nearest, nearest + VIDEO_HOP])
    query_time = np.tile(times, 2)
    similarity = 0.9 - 0.15 * np.abs(video_time - np.tile(true, 2))
    similarity += rng.normal(0, 0.05, len(similarity))
    again = np.flatnonzero(rng.random(len(query_time)) < duplicates)
    rows = np.concatenate([np.arange(len(query_time)), again])
    return Hits(query_time[rows], np.full(len(rows), video), video_time[rows], similarity[rows])


def noise_hits(rng, duration, num_videos, per_chunk=5, video_length=120.0):
    times = np.arange(0, duration - CHUNK + 1e-9, QUERY_HOP) + CHUNK / 2
    times = np.repeat(times, per_chunk)
    return Hits(
        times,
        rng.integers(0, num_videos, len(times)),
        rng.integers(1, video_length, len(times)).astype(float),
        rng.normal(0.55, 0.08, len(times)),
    )


def join(rng, *parts):
    hits = Hits.joined(parts)
    return hits.take(rng.permutation(len(hits)))


def random_case(rng):
    """Hits and ground truth of a query with one to three successive copies in noise."""
    truth, parts, time = [], [], rng.uniform(0, 5)
    for _ in range(rng.integers(1, 4)):
        length = rng.uniform(8, 30)
        speed = rng.choice([0.5, 0.8, 1, 1, 1.25, 1.5, 2]) * rng.uniform(0.98, 1.02)
        offset = rng.uniform(0, 60) - min(speed * time, 0)
        video = int(rng.integers(0, 4))
        parts.append(copy_hits(rng, video, time, time + length, speed, offset))
        truth.append((video, time, time + length, offset + speed * time, speed))
        time += length + rng.uniform(5, 12)
    parts.append(noise_hits(rng, time, num_videos=4))
    return join(rng, *parts), truth


def overlap(segment: Segment, true) -> float:
    """The smaller of the intersections over union in the query and in the video."""
    video, start, end, video_start, speed = true
    if segment.video != video:
        return 0.0
    spans = [
        (segment.query_start, segment.query_end, start, end),
        (segment.video_start, segment.video_end, video_start, video_start + speed * (end - start)),
    ]
    return min((min(b, d) - max(a, c)) / (max(b, d) - min(a, c)) for a, b, c, d in spans)


def test_finds_many_copies_among_noise():
    rng = np.random.default_rng(0)
    right = found = wanted = 0
    speed_errors, offset_errors = [], []
    for _ in range(60):
        hits, truth = random_case(rng)
        segments = find_segments(hits, min_score=0.15)
        found, wanted = found + len(segments), wanted + len(truth)
        for true in truth:
            best = max(segments, key=lambda s: overlap(s, true), default=None)
            if best is not None and overlap(best, true) > 0.5:
                right += 1
                speed_errors.append(abs(best.speed / true[4] - 1))
                middle = (best.query_start + best.query_end) / 2
                place = (best.video_start + best.video_end) / 2
                offset_errors.append(abs(place - true[3] - true[4] * (middle - true[1])))
    assert 2 * right / (found + wanted) >= 0.97
    assert np.median(speed_errors) < 0.01
    assert np.median(offset_errors) < 0.15 and np.max(offset_errors) < 1


@pytest.mark.parametrize('speed', [0.5, 0.8, 1.0, 1.25, 1.5, 2.0])
def test_place_and_speed(speed):
    rng = np.random.default_rng(1)
    hits = copy_hits(rng, 7, start=3, end=33, speed=speed, offset=20, miss=0, duplicates=0)
    (segment,) = find_segments(hits)
    assert segment.video == 7
    assert segment.speed == pytest.approx(speed, rel=0.02)
    assert (segment.query_start, segment.query_end) == pytest.approx((3, 33), abs=0.51)
    assert segment.video_start == pytest.approx(20 + 3 * speed, abs=0.8)
    assert segment.video_end == pytest.approx(20 + 33 * speed, abs=0.8)


def test_two_stretches_of_the_same_video():
    rng = np.random.default_rng(2)
    hits = join(
        rng,
        copy_hits(rng, 3, 0, 12, 1.0, 40.0, miss=0),
        copy_hits(rng, 3, 20, 32, 1.0, -18.0, miss=0),
    )
    first, second = sorted(find_segments(hits), key=lambda s: s.query_start)
    assert (first.video_start, second.video_start) == pytest.approx((40, 2), abs=1)
    assert (first.query_end, second.query_start) == pytest.approx((12, 20), abs=1.1)


@pytest.mark.parametrize('gap, count', [(2.5, 1), (6.0, 2)])
def test_bridges_short_gaps_only(gap, count):
    times = np.arange(1, 20, 0.5)
    times = times[(times < 8) | (times > 8 + gap)]
    hits = Hits(times, np.zeros(len(times), int), times + 5, np.full(len(times), 0.8))
    segments = find_segments(hits)
    assert len(segments) == count
    assert min(s.video_start for s in segments) == pytest.approx(5, abs=0.1)


def test_duplicates_change_nothing():
    rng = np.random.default_rng(3)
    hits = join(rng, copy_hits(rng, 0, 0, 10, 1.0, 5.0), noise_hits(rng, 10, 2))
    twice = join(rng, hits, hits)
    assert find_segments(twice) == find_segments(hits)


def test_one_chunk_and_none():
    one = Hits(*(np.array([value]) for value in (1.0, 4, 31.0, 0.6)))
    (segment,) = find_segments(one)
    assert segment == Segment(4, 0.0, 2.0, 30.0, 32.0, 1.0, pytest.approx(0.05 * 0.6 / 2))
    nothing = Hits(*np.zeros((4, 0)))
    assert find_segments(nothing) == []
    useless = Hits(*(np.array([value]) for value in (1.0, 4, 31.0, -0.2)))
    assert find_segments(useless) == []


def test_longer_copies_score_higher_and_gaps_lower():
    def score(times):
        hits = Hits(times, np.zeros(len(times), int), times + 9, np.full(len(times), 0.8))
        elsewhere = np.arange(1, 12, 0.5)  # all chunks of the query found something
        noise = Hits(elsewhere, np.ones(22, int), 50 * elsewhere % 77, np.full(22, 0.1))
        return find_segments(join(np.random.default_rng(0), hits, noise))[0].score

    full = np.arange(1, 12, 0.5)
    assert score(full) == pytest.approx((0.8 * 1.05 - 0.1) * 22 / 23)
    assert score(full[::2]) < score(full[:11]) < score(full)


def test_says_what_is_wrong_with_the_columns():
    with pytest.raises(ValueError, match='equally long'):
        Hits(np.zeros(3), np.zeros(3), np.zeros(2), np.zeros(3))


def all_hits(similarity_at, length=10.0, video_length=20.0):
    """Hits of each chunk of a query with all chunks of its video, scored by their similarity."""
    times = np.arange(1, length - 0.99, QUERY_HOP)
    video_times = np.arange(1, video_length - 0.99, VIDEO_HOP)
    query_time, video_time = (grid.ravel() for grid in np.meshgrid(times, video_times))
    similarity = similarity_at(query_time, video_time)
    return Hits(query_time, np.zeros(len(query_time), int), video_time, similarity)


@pytest.mark.parametrize('fall', [0.2, 0.05, 0.01])
@pytest.mark.parametrize('offset', [0.0, 0.3, 5.0, 5.7, 8.2])
def test_no_bias_where_neighbours_are_nearly_as_alike(fall, offset):
    hits = all_hits(lambda q, v: 0.95 - fall * np.minimum(np.abs(v - q - offset), 4))
    first = find_segments(hits)[0]
    assert first.speed == pytest.approx(1, abs=0.02)
    middle = (first.query_start + first.query_end) / 2
    assert (first.video_start + first.video_end) / 2 - middle == pytest.approx(offset, abs=0.15)


@pytest.mark.parametrize('speed', [0.1, 0.3, 3.0])
def test_no_segment_at_a_speed_that_copies_do_not_have(speed):
    fall = 0.1
    hits = all_hits(lambda q, v: 0.95 - fall * np.abs(v - 3 - speed * q), video_length=40)
    assert all(0.45 <= segment.speed <= 1 / 0.45 for segment in find_segments(hits))
    moved = np.arange(1, 19, QUERY_HOP)
    line = Hits(moved, np.zeros(len(moved), int), 3 + speed * moved, np.full(len(moved), 0.8))
    assert not any(s.query_end - s.query_start > 15 for s in find_segments(line))


def test_two_hits_as_far_apart_as_a_strip_is_wide():
    for first in np.arange(0.1, 60, 0.7):
        video_time = np.array([first, first + 2.0])
        hits = Hits(np.full(2, 7.3), np.zeros(2, int), video_time, np.full(2, 0.7))
        (segment,) = find_segments(hits)
        assert first - 1e-6 <= segment.video_start + 1 <= first + 2 + 1e-6
