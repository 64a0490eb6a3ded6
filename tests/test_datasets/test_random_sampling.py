"""Windows for supervised training, drawn anywhere in the file from numpy's generator."""

import numpy as np

from avtss_mm.datasets import RandomSampleAVClips


def draw(sampler, duration, seed):
    np.random.seed(seed)
    return sampler(dict(duration=duration))


def test_windows_lie_anywhere_inside():
    sampler = RandomSampleAVClips(clip_len=16, video_fps=16)
    starts = [draw(sampler, 5.0, seed)['audio_windows'][0][0] for seed in range(400)]
    assert 0 <= min(starts) < 0.1 and 3.9 < max(starts) <= 4.0
    counts, _ = np.histogram(starts, bins=4, range=(0, 4))
    assert counts.min() > 70  # 100 expected, deviation 9


def test_picture_and_sound_of_a_window_begin_together():
    results = draw(RandomSampleAVClips(num_clips=3, clip_len=8, video_fps=4), 9.0, 0)
    assert results['num_clips'] == 3 and len(set(results['audio_windows'])) == 3
    for times, (start, end) in zip(results['frame_times'], results['audio_windows']):
        assert np.allclose(times, start + np.arange(8) / 4) and end - start == 2
    again = draw(RandomSampleAVClips(num_clips=3, clip_len=8, video_fps=4), 9.0, 0)
    assert again['audio_windows'] == results['audio_windows']


def test_a_short_video_is_taken_from_its_beginning():
    results = draw(RandomSampleAVClips(clip_len=16, video_fps=16), 0.4, 0)
    assert results['audio_windows'] == [(0.0, 1.0)]
