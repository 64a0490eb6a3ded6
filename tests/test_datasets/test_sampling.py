"""The windows that are drawn. Nothing but their content reveals a label."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from avtss_mm.datasets.transforms import SampleAVClips, UniformSampleAVClips
from avtss_mm.datasets.transforms.placement import AFTER, BEFORE, OVERLAPPING, place_windows

NUM_DRAWS = 20000
DURATIONS = np.linspace(0.5, 20, 40)
APART = dict(shared_speed=False, shared_direction=False)


@pytest.fixture(scope='module', params=[{}, APART], ids=['shared', 'apart'])
def draws(request):
    """Arrays of many draws from videos of many lengths, by key."""
    sampler = SampleAVClips(**request.param)
    np.random.seed(3)
    samples = []
    for index in range(NUM_DRAWS):
        results = sampler(dict(duration=DURATIONS[index % len(DURATIONS)]))
        results['starts'] = [start for start, _ in results['audio_windows']]
        results['frame_times'] = np.array(results['frame_times'])
        samples.append(results)
    return {key: np.array([sample[key] for sample in samples]) for key in samples[0]}


def p_value(labels, clue) -> float:
    """Probability of counts at least this uneven if the clue says nothing about the label."""
    table = np.zeros((labels.max() + 1, clue.max() + 1))
    np.add.at(table, (labels, clue), 1)
    table = table[:, table.sum(axis=0) > 0]
    return chi2_contingency(table).pvalue


def clues(draws, chosen) -> dict[str, np.ndarray]:
    """Clues that must not reveal a label to a network, as class numbers."""
    weights = np.array([8, 4, 2, 1])
    return {
        'video speeds': draws['video_rate'][chosen] @ [16, 1],
        'audio speeds': draws['audio_rate'][chosen] @ [16, 1],
        'directions': np.hstack([draws['video_direction'], draws['audio_direction']])[chosen]
        @ weights,
        'duration': np.searchsorted(DURATIONS, draws['duration'][chosen]),
    }


def test_order_is_uniform_whatever_speeds_directions_and_duration(draws):
    chosen = draws['clip_order'] >= 0
    order = draws['clip_order'][chosen]
    assert chosen.sum() > NUM_DRAWS / 2
    assert np.abs(np.bincount(order) / order.size - 1 / 3).max() < 0.02
    for name, clue in clues(draws, chosen).items():
        assert p_value(order, clue.astype(int)) > 1e-3, name


def test_speeds_and_directions_say_nothing_of_the_duration_or_each_other(draws):
    chosen = (draws['video_speed'] >= 0).all(axis=1)
    assert chosen.any() and not chosen.all()
    for modality in ('video', 'audio'):
        for window in (0, 1):
            speed = draws[f'{modality}_speed'][chosen, window]
            direction = draws[f'{modality}_direction'][chosen, window]
            duration = np.searchsorted(DURATIONS, draws['duration'][chosen])
            other = draws[f'{modality}_speed'][chosen, 1 - window]
            assert np.abs(np.bincount(speed) / speed.size - 1 / 4).max() < 0.02
            for clue in (direction, duration, other):
                assert p_value(speed, clue) > 1e-3
            assert p_value(direction, duration) > 1e-3


def test_the_count_would_find_a_leak():
    """If windows are placed first and labelled later, speeds reveal the order: the test sees it."""
    rng = np.random.default_rng(0)
    lengths = rng.choice([1, 2, 4, 8], size=(4000, 2))
    starts = rng.uniform(size=(4000, 2)) * (20 - lengths)
    ends = starts + lengths
    order = np.where(ends[:, 0] <= starts[:, 1], BEFORE, OVERLAPPING)
    order[ends[:, 1] <= starts[:, 0]] = AFTER
    assert p_value(order, lengths @ [16, 1]) < 1e-6


def test_order_label_holds_for_every_pair_of_windows(draws):
    starts = draws['starts']
    for first, second in (('video',) * 2, ('audio',) * 2, ('video', 'audio'), ('audio', 'video')):
        length = np.stack([draws[f'{first}_rate'][:, 0], draws[f'{second}_rate'][:, 1]], axis=1)
        end = starts + length
        shared = end.min(axis=1) - starts.max(axis=1)
        order = draws['clip_order']
        assert (end[:, 0] <= starts[:, 1] + 1e-9)[order == BEFORE].all()
        assert (end[:, 1] <= starts[:, 0] + 1e-9)[order == AFTER].all()
        assert (shared >= length.min(axis=1) / 2 - 1e-9)[order == OVERLAPPING].all()


def test_windows_lie_inside_the_video_and_the_label_is_ignored_where_they_cannot(draws):
    longest = np.maximum(draws['video_rate'], draws['audio_rate'])
    duration = draws['duration']
    fits = duration >= 1
    assert (draws['starts'] >= 0).all()
    assert ((draws['starts'] + longest).max(axis=1) <= duration + 1e-9)[fits].all()
    disjoint_fit = longest.sum(axis=1) <= duration
    np.testing.assert_array_equal(draws['clip_order'] >= 0, disjoint_fit & fits)
    labelled = duration >= 8
    np.testing.assert_array_equal((draws['video_speed'] >= 0).all(axis=1), labelled)
    np.testing.assert_array_equal((draws['audio_speed'] >= 0).all(axis=1), labelled)


def test_place_windows_uses_the_whole_video_and_every_offset():
    np.random.seed(0)
    placed = [place_windows(np.array([[2.0], [4.0]]), 10.0, 0.5) for _ in range(6000)]
    for order, low, high in ((BEFORE, 2, 6), (OVERLAPPING, -3, 1), (AFTER, -8, -4)):
        starts = np.array([start for start, label in placed if label == order])
        offsets = starts[:, 1] - starts[:, 0]
        assert low <= offsets.min() < low + 0.1 and high - 0.1 < offsets.max() <= high
    starts = np.array([start for start, _ in placed])
    assert starts.min() < 0.05 and starts[:, 0].max() > 7.9 and starts[:, 1].max() > 5.9


def test_frames_are_seconds_of_the_source_and_descend_backward():
    sampler = SampleAVClips(clip_len=4, video_fps=4, speeds=(2,), backward_prob=1)
    results = sampler(dict(duration=9.0))
    assert sampler.min_duration == 2
    for times, (start, end) in zip(results['frame_times'], results['audio_windows']):
        np.testing.assert_allclose(times, start + np.array([1.5, 1, 0.5, 0]))
        assert end - start == pytest.approx(2)
    assert results['video_direction'].tolist() == [1, 1]
    assert results['num_clips'] == 2 and results['clip_len'] == 4


def test_video_shorter_than_a_window_is_played_whole_and_has_no_labels():
    results = SampleAVClips()(dict(duration=0.6))
    assert results['audio_windows'] == [(0.0, 1.0)] * 2
    np.testing.assert_allclose(results['frame_times'], [np.arange(16) / 16] * 2)
    for key in ('video_speed', 'audio_speed', 'video_direction', 'audio_direction'):
        assert results[key].tolist() == [-1, -1]
    assert results['clip_order'] == -1


@pytest.mark.parametrize(
    ('num_clips', 'duration', 'starts'),
    [(3, 10.0, [0, 4.5, 9]), (1, 10.0, [4.5]), (2, 0.5, [0, 0])],
)
def test_uniform_windows_are_spread_evenly(num_clips, duration, starts):
    sampler = UniformSampleAVClips(num_clips=num_clips)
    results = sampler(dict(duration=duration))
    np.testing.assert_allclose([start for start, _ in results['audio_windows']], starts)
    np.testing.assert_allclose(
        [times[-1] for times in results['frame_times']], np.add(starts, 15 / 16)
    )
    assert results['video_direction'].tolist() == [0] * num_clips
    assert results['clip_order'] == -1


def test_uniform_sound_may_last_longer_than_the_clip():
    results = UniformSampleAVClips(num_clips=2, clip_duration=4.0)(dict(duration=10.0))
    assert results['audio_windows'] == [(0.0, 4.0), (6.0, 10.0)]
    assert results['frame_times'][1][0] == 6


@pytest.mark.parametrize(
    'options', [dict(speeds=()), dict(speeds=(0, 1)), dict(clip_len=0), dict(min_overlap=0)]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        SampleAVClips(**options)
