"""The temporal measure on features with known results."""

import numpy as np
import pytest

from avtss_mm.study.measures.temporal import WindowPairs, temporal_accuracy

PAIRS = 240
TASKS = [f'{task}_{m}' for task in ('speed', 'direction') for m in 'va']
ORDERS = ['order_vv', 'order_aa', 'order_va']


def pairs(seed, encode, silent=0.0):
    """Pairs with labels like the sampler's; ``encode(labels, rng)`` makes their features."""
    rng = np.random.default_rng(seed)
    order = rng.integers(-1, 3, PAIRS)
    first = rng.uniform(0.3, 0.7, PAIRS)
    step = np.choose(np.maximum(order, 0), [0.3, 0.02 * rng.choice([-1, 1], PAIRS), -0.3])
    shared = rng.integers(-1, 4, (PAIRS, 2)), rng.integers(0, 2, (PAIRS, 2))
    labels = dict(clip_order=order)
    for modality in ('video', 'audio'):
        labels[f'{modality}_speed'], labels[f'{modality}_direction'] = shared
    places = np.stack([first, first + step], axis=1)
    features = {m: encode(labels, places, rng) for m in ('video', 'audio')}
    has_audio = rng.random((PAIRS, 2)) >= silent
    return WindowPairs(features, has_audio, labels, np.arange(PAIRS) // 4)


def perfect(labels, places, rng):
    speed = np.eye(5)[labels['video_speed']]  # -1 is the last column
    parts = [speed, labels['video_direction'][..., None], places[..., None]]
    return np.concatenate(parts, axis=-1) + rng.normal(0, 0.01, (PAIRS, 2, 7))


def noise(labels, places, rng):
    return rng.normal(size=(PAIRS, 2, 7))


def turned(labels, places, rng):
    """The features of one label in training are those of another label in the test."""
    other = dict(
        video_speed=(labels['video_speed'] + 1) % 4, video_direction=1 - labels['video_direction']
    )
    return perfect({**labels, **other}, 1 - places, rng)


def test_features_that_tell_everything():
    figures = temporal_accuracy(pairs(0, perfect), pairs(1, perfect))
    assert set(figures) == {*TASKS, *ORDERS, *(f'{t}_chance' for t in (*TASKS, *ORDERS))}
    assert all(figures[task] > 0.97 for task in TASKS)
    assert all(figures[task] > 0.9 for task in ORDERS)


def test_features_that_tell_nothing():
    figures = temporal_accuracy(pairs(0, noise), pairs(1, noise))
    for task in (*TASKS, *ORDERS):
        assert figures[task] == pytest.approx(figures[f'{task}_chance'], abs=0.12)
    assert 0.24 < figures['speed_v_chance'] < 0.35 and figures['order_va_chance'] < 0.42


def test_features_that_mislead():
    figures = temporal_accuracy(pairs(0, perfect), pairs(1, turned))
    assert all(figures[task] < 0.05 for task in TASKS)  # far below chance, not clipped to it
    assert all(figures[task] < 0.4 for task in ORDERS)  # overlapping stays right


def test_sound_that_is_not_there_takes_no_part():
    """Features of silent clips are arbitrary; leaving them out does not change the rest."""
    data = [pairs(seed, perfect, silent=0.5) for seed in (0, 1)]
    for item in data:
        item.features['audio'][~item.has_audio] = 100.0
    figures = temporal_accuracy(*data)
    assert all(figures[task] > 0.9 for task in ('speed_a', 'direction_a', 'order_aa', 'order_va'))


def test_order_across_asks_both_ways_round():
    """With the audio of the first window and the video of the second, the answer is reversed."""
    train, test = pairs(0, perfect), pairs(1, perfect)
    for item in (train, test):  # only one of the two questions can be answered from what is left
        item.has_audio[:, 1] = False
    assert temporal_accuracy(train, test)['order_va'] > 0.9
    for item in (train, test):
        item.labels['clip_order'][:] = np.where(np.arange(PAIRS) % 2, 0, -1)  # always before
        item.has_audio[:] = True
    figures = temporal_accuracy(train, test)
    assert figures['order_va_chance'] == 0.5  # as often before as after
    assert 'order_vv' not in figures  # one answer: nothing to learn


def test_one_modality_alone():
    train, test = (pairs(seed, perfect) for seed in (0, 1))
    for item in (train, test):
        del item.features['audio']
    figures = temporal_accuracy(train, test)
    assert {name for name in figures if '_chance' not in name} == {
        'speed_v', 'direction_v', 'order_vv',
    }  # fmt: skip
