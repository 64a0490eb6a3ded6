"""Windows that cover a whole file."""

import numpy as np
import pytest

from avtss_mm.datasets.transforms import SlidingAVClips, UniformSampleAVClips
from avtss_mm.datasets.transforms.sampling import take_windows


@pytest.mark.parametrize(
    ('duration', 'stride', 'starts'),
    [
        (4.0, 1.0, [0, 1, 2, 3]),
        (4.3, 1.0, [0, 1, 2, 3, 3.3]),  # one more for the rest
        (4.02, 1.0, [0, 1, 2, 3]),  # a rest shorter than a frame is none
        (3.98, 1.0, [0, 1, 2, 2.98]),
        (1.3, 0.1, [0, 0.1, 0.2, 0.3]),
        (1.03, 0.01, [0, 0.01, 0.02, 0.03]),  # windows closer than frames
        (5.0, 3.0, [0, 3, 4]),
        (0.4, 1.0, [0]),
    ],
)
def test_windows_every_stride_cover_the_file(duration, stride, starts):
    results = SlidingAVClips(stride=stride)(dict(duration=duration))
    np.testing.assert_allclose([start for start, _ in results['audio_windows']], starts)
    assert results['num_clips'] == len(starts)
    assert results['frame_times'][-1][0] == results['audio_windows'][-1][0]


def test_longer_sound_ends_with_the_file():
    results = SlidingAVClips(stride=2, clip_duration=4.0)(dict(duration=9.0))
    assert results['audio_windows'] == [(0, 4), (2, 6), (4, 8), (5, 9)]


def test_impossible_stride_is_refused():
    with pytest.raises(ValueError, match='stride=0'):
        SlidingAVClips(stride=0)


def test_some_of_the_windows():
    results = UniformSampleAVClips(num_clips=5, clip_len=4)(dict(duration=9.0, filename='a'))
    part = take_windows(results, 3, 6)
    assert part['num_clips'] == 2 and part['filename'] == 'a' and part['clip_len'] == 4
    lengths = [len(value) for value in part.values() if hasattr(value, '__len__')]
    assert part['audio_windows'] == results['audio_windows'][3:]
    np.testing.assert_array_equal(part['frame_times'], results['frame_times'][3:])
    assert sorted(lengths) == [1] + [2] * 8  # the name; what there is one of for each window
    assert results['num_clips'] == 5
