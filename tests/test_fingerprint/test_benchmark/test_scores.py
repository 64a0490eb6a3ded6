"""Ranks, average precision and positions compared with plain loops and scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from avtss_mm.fingerprint.benchmark.exact_search import Found
from avtss_mm.fingerprint.benchmark.scores import (
    Answer,
    Truth,
    answer,
    micro_ap,
    rank_of_right,
    summarise,
)
from avtss_mm.fingerprint.matching.hits import Hits
from avtss_mm.fingerprint.matching.segments import Segment
from avtss_mm.fingerprint.time_map import TimeMap

NO_HITS = Hits(*np.zeros((4, 0)))


def ask(best, *videos, times=None, hits=NO_HITS, background=0.0, time_map=None):
    best = np.atleast_2d(np.asarray(best, float))
    times = np.arange(len(best)) / 2 + 1 if times is None else times
    truth = Truth(tuple(videos), time_map)
    return answer(Found(best, hits), times, truth, background)


@pytest.mark.parametrize('seed', range(4))
def test_ranks_equal_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        scores = rng.integers(0, 6, 20) / 5  # many ties
        scores[rng.random(20) < 0.2] = -np.inf  # videos without sound
        right = rng.random(20) < 0.15  # none, one or duplicates
        best = max((s for s, r in zip(scores, right) if r), default=-math.inf)
        before = sum(s >= best for s, r in zip(scores, right) if not r)
        expected = math.inf if best == -math.inf else 1 + before
        assert rank_of_right(scores, right) == expected


def test_score_is_the_mean_over_chunks():
    found = ask([[0.9, 0.2, 0.3], [0.1, 0.6, 0.3]], 0)
    assert found.rank == 1 and found.own_score == pytest.approx(0.5)
    assert found.scores == pytest.approx([0.5, 0.4, 0.3])
    assert found.right.tolist() == [True, False, False]
    many = ask([[0.9, 0.8]] * 5 + [[0.0, 0.7]] * 12, 0)  # the best 5 of each video
    assert many.scores == pytest.approx([0.9, 0.8])
    lower = ask([[0.9, 0.2, 0.3], [0.1, 0.6, 0.3]], 0, background=np.array([0.4, 0.2]))
    assert lower.scores == pytest.approx([0.2, 0.1, 0.0]) and lower.rank == 1


def test_the_first_seconds_alone():
    best = np.full((17, 2), 0.5)  # 10 s, a chunk each half second
    best[0] = (0.1, 0.9)  # the chunk of the first 2 s looks like the wrong one
    found = ask(best, 0, time_map=TimeMap(query_end=10.0))
    assert (found.rank_after[2], found.rank_after[5], found.rank_after[10]) == (2, 2, 2)
    best[1:7] = (0.9, 0.1)
    found = ask(best, 0, time_map=TimeMap(query_end=6.0))
    assert found.rank_after == {2: 2, 5: 1}  # the copy has no 10 s


@pytest.mark.parametrize('seed', range(3))
def test_micro_ap_is_that_of_all_pairs(seed):
    rng = np.random.default_rng(seed)
    answers, labels, scores = [], [], []
    for _ in range(40):
        best = np.round(rng.normal(size=12), 1)
        videos = rng.choice(12, rng.integers(0, 3), replace=False)  # duplicates and negatives
        best[videos] += 1
        answers.append(ask(best, *videos))
        labels += np.isin(np.arange(12), videos).tolist()
        scores += best.tolist()
    got = micro_ap(answers)
    assert got == pytest.approx(average_precision_score(labels, scores))
    assert got == pytest.approx(slow_ap(labels, scores))


def slow_ap(labels, scores):
    total, wanted = 0.0, sum(labels)
    for threshold in sorted(set(scores), reverse=True):
        taken = [label for label, score in zip(labels, scores) if score >= threshold]
        gained = sum(label for label, score in zip(labels, scores) if score == threshold)
        total += gained / wanted * sum(taken) / len(taken)
    return total


def test_right_videos_beyond_the_candidates_are_missed():
    far = np.linspace(1, 0, 300)
    near, missed = ask(far, 0), ask(far, 299)
    assert micro_ap([near]) == 1
    assert micro_ap([missed]) == 0
    assert micro_ap([near, missed]) == pytest.approx(0.5 * 1 / 2)  # tied with a wrong one


def test_figures_of_a_row():
    own = [0.9, 0.8, 0.7, 0.3]
    answers = [ask([score, 0.5], 0) for score in own]
    negatives = [ask([0.6, score]) for score in (0.1, 0.75)]
    row = summarise(answers, negatives)
    assert (row['queries'], row['negatives']) == (4, 2)
    assert (row['R@1'], row['R@5'], row['MRR']) == (0.75, 1, (3 + 0.5) / 4)
    assert row['R@1_FPR1'] == 0.5  # above 0.75
    assert row['FPR90'] == 1  # both reach 0.3
    assert np.isnan(row['offset_error']) and np.isnan(row['R@1_2s'])  # no place is known
    alone = summarise(answers, [])
    assert np.isnan(alone['FPR90']) and alone['micro_AP'] > row['micro_AP']


def segment_at(offset, video=0, speed=1.0):
    return Segment(video, 0.0, 10.0, offset, offset + 10 * speed, speed, 0.9)


def test_places():
    truth = Truth((0,), TimeMap(1.0, 20.0, 0.0, 10.0))

    def located(segment):
        return Answer(truth, 1.0, {}, np.ones(1), np.ones(1, bool), 1.0, segment)

    answers = [
        located(segment_at(20.4)),
        located(segment_at(22.0)),
        located(segment_at(28.0)),  # 8 s off: not the same stretch
        located(segment_at(20.0, video=3)),
        located(None),
    ]
    assert [a.offset_error for a in answers[:3]] == pytest.approx([0.4, 2.0, 8.0])
    assert [a.offset_error for a in answers[3:]] == [np.inf, np.inf]
    row = summarise(answers, [])
    assert row['offset_error'] == pytest.approx(2.0)
    assert row['within_1s'] == pytest.approx(1 / 5)
    assert row['segment_F1'] == pytest.approx(2 * 2 / (5 + 4))


def test_backward_copies_have_a_place():
    truth = Truth((0,), TimeMap(-1.0, 30.0, 0.0, 8.0))  # 30 s back to 22 s
    assert truth.iou(Segment(0, 0.0, 8.0, 22.0, 30.0, 1.0, 0.5)) == 1
    assert truth.iou(Segment(0, 0.0, 8.0, 26.0, 34.0, 1.0, 0.5)) == pytest.approx(4 / 12)
    assert truth.iou(Segment(1, 0.0, 8.0, 22.0, 30.0, 1.0, 0.5)) == 0
