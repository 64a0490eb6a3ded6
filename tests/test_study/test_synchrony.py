"""The synchrony measure on embeddings with known results."""

import numpy as np
import pytest

from avtss_mm.study.measures.synchrony import synchrony, synchrony_ranks

HEARD = np.ones(8, bool)


def units(seed, *shape):
    rows = np.random.default_rng(seed).normal(size=shape)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def files(encode, count=200):
    return [(video, encode(video, k), HEARD) for k, video in enumerate(units(0, count, 8, 16))]


def test_sound_that_equals_its_picture():
    figures = synchrony(files(lambda video, k: video))
    assert figures == dict(sync_top1=1.0, sync_top1_chance=0.2, sync_rank=1.0, sync_rank_chance=3.0)


def test_unrelated_sound():
    figures = synchrony(files(lambda video, k: units(k + 1, 8, 16)))
    assert figures['sync_top1'] == pytest.approx(0.2, abs=0.05)
    assert figures['sync_rank'] == pytest.approx(3, abs=0.15)


def test_sound_of_another_moment():
    """If the sound is a second late, the true window is never the best."""
    figures = synchrony(files(lambda video, k: np.roll(video, 1, axis=0)))
    assert figures['sync_top1'] == 0 and 2 < figures['sync_rank'] < 4


def test_what_identifies_the_video_does_not_help():
    """If all embeddings of a video are equal, retrieval is perfect, but this measure is not."""
    figures = synchrony(files(lambda video, k: video.mean(axis=0, keepdims=True).repeat(8, 0)))
    assert figures['sync_top1'] == 0 and figures['sync_rank'] == 5  # ties are not rewarded


def test_ranks_of_one_video_by_hand():
    video = np.array([[1.0, 0]] * 5)
    angles = np.array([0.5, 0.1, 0.3, 0.2, 0.4])  # of the third, two are nearer
    audio = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert synchrony_ranks(video, audio, HEARD[:5]).tolist() == [3]


def test_a_silent_candidate_ends_the_trial():
    video = units(0, 8, 16)
    heard = HEARD.copy()
    heard[0] = False
    assert len(synchrony_ranks(video, video, HEARD)) == 4
    assert len(synchrony_ranks(video, video, heard)) == 3
    assert synchrony([(video, video, ~HEARD), (video[:4], video[:4], HEARD[:4])]) == {}
