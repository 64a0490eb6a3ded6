"""Frames and sound of windows of real files."""

from __future__ import annotations

import numpy as np
import pytest

from avtss_mm.datasets.transforms import AVDecode, AVInit
from avtss_mm.errors import MediaError
from avtss_mm.media import open_media

TIMES = [np.array([0.5, 1.0, 1.0]), np.array([1.0, 0.5, 0.0])]
WINDOWS = [(0.5, 1.5), (3.0, 5.0)]


def decode(path, times=TIMES, windows=WINDOWS, **options):
    results = AVInit()(dict(filename=str(path)))
    results.update(frame_times=times, audio_windows=windows, num_clips=len(windows))
    return AVDecode(**options)(results)


def test_frames_and_sound_are_those_of_the_file(videos):
    path = videos / 'a tone.mp4'
    results = decode(path, sample_rate=8000)
    with open_media(path) as reader:
        clips = reader.read(TIMES, WINDOWS, sample_rate=8000)
    assert len(results['imgs']) == 6
    for img, expected in zip(results['imgs'], clips.frames[0] + clips.frames[1]):
        np.testing.assert_array_equal(img, expected)
    for waveform, expected, size in zip(results['audio_waveforms'], clips.audio, (8000, 16000)):
        np.testing.assert_array_equal(waveform, expected)
        assert waveform.shape == (size,)
    assert results['has_audio'].tolist() == [True, True]
    assert results['img_shape'] == results['original_shape'] == (64, 96)
    assert 'reader' not in results


def test_no_two_frames_share_memory(videos):
    imgs = decode(videos / 'a tone.mp4')['imgs']  # four of the six are one source frame
    for img in imgs:
        img[:] = 0
        assert sum((other == 0).all() for other in imgs) == 1
        img[:] = 1


@pytest.mark.parametrize('name', ['mute.mp4', 'silent.mp4'])
def test_without_sound_the_waveforms_are_zero_and_flagged(videos, name):
    results = decode(videos / name)
    assert results['has_audio'].tolist() == [False, False]
    assert [waveform.shape for waveform in results['audio_waveforms']] == [(16000,), (32000,)]
    assert max(np.abs(waveform).max() for waveform in results['audio_waveforms']) < 1e-3


def test_has_audio_is_decided_for_each_window(make_video, tmp_path):
    path = make_video(tmp_path / 'late.mkv', duration=2, audio='noise', audio_start=2.0)
    results = decode(path, windows=[(0.0, 1.0), (2.5, 3.5)])
    assert results['has_audio'].tolist() == [False, True]
    assert decode(path, windows=[(2.5, 3.5)], silence_level=0)['has_audio'].tolist() == [False]


def test_a_modality_can_be_left_out(videos):
    assert 'audio_waveforms' not in decode(videos / 'noise.mp4', with_audio=False)
    assert 'imgs' not in decode(videos / 'noise.mp4', with_video=False)


def test_init_keeps_what_the_manifest_says(videos):
    init = AVInit(backend='pyav')
    results = init(dict(filename=str(videos / 'noise.mp4')))
    results['reader'].close()
    assert results['duration'] == pytest.approx(5, abs=0.1) and results['file_has_audio']
    results = init(dict(filename=str(videos / 'noise.mp4'), duration=4.0, has_audio=False))
    results['reader'].close()
    assert results['duration'] == 4 and not results['file_has_audio']


def test_broken_file_is_a_media_error(tmp_path):
    (tmp_path / 'broken.mp4').write_bytes(b'no video' * 100)
    with pytest.raises(MediaError, match='broken.mp4'):
        AVInit()(dict(filename=str(tmp_path / 'broken.mp4')))


@pytest.mark.parametrize('suffix', ['.mkv', '.webm', '.avi'])
def test_a_file_lasts_as_long_as_it_decodes(make_video, tmp_path, suffix):
    """Its header promises six seconds, of which half is there."""
    path = make_video(tmp_path / f'part{suffix}', duration=6, audio='noise')
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    results = AVInit()(dict(filename=str(path)))
    with results['reader'] as reader:
        last = reader.read([[100.0]]).frame_pts[0][0]
    assert 1 < last < results['duration'] <= last + 0.1


def test_a_bound_on_the_age_of_frames_is_handed_on(videos):
    results = AVInit(max_age=0.5)(dict(filename=str(videos / 'a tone.mp4')))
    with results['reader'] as reader:
        assert reader.max_age == 0.5
