"""The requested frames and sound, from every container and through every back-end."""

import os
import sys

import numpy as np
import pytest
from helpers.stamped_video import on_screen, read_stamp, write_stamped

from avtss_mm.media import available_backends, open_media

VARIABLE = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.12, 100))
FILES = {  # name: arguments of write_stamped
    'short_gop.mp4': dict(gop=12),
    'long_gop.mp4': dict(gop=250, fps=30000 / 1001),
    'variable.mp4': dict(frame_times=VARIABLE),
    'variable.mkv': dict(frame_times=VARIABLE),
    'late_picture.mp4': dict(frame_times=np.arange(100) / 25 + 0.4),
    'vp9.webm': dict(),
    'plain.mkv': dict(fps=24),
    'mpeg4.avi': dict(),
    'h264_b_frames.avi': dict(video_codec='libx264'),
    'stream.ts': dict(),
    'program.mpg': dict(video_codec='mpeg2video', audio_codec='mp2', num_frames=60),
}


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('reader')
    return {name: (folder / name, write_stamped(folder / name, **FILES[name])) for name in FILES}


@pytest.mark.parametrize('name', FILES)
def test_the_frame_on_screen_is_returned(files, name, backend):
    path, times = files[name]
    rng = np.random.default_rng(1)
    asked = [
        times[-1] * 0.6 + np.arange(16) / 16,  # to and past the end
        0.51 + np.arange(8)[::-1] / 12,  # a backward clip
        np.sort(rng.uniform(-0.2, times[-1], 6)),  # before the first frame, far apart
        times[[7, 7, 31, 30]],  # at the very times, repeated, out of order
    ]
    with open_media(path, backend) as reader:
        for clips in (asked, asked[::-1]):  # a second read goes back in the file
            result = reader.read(clips)
            for clip, frames, pts in zip(clips, result.frames, result.frame_pts):
                numbers = on_screen(times, clip)
                assert [read_stamp(frame) for frame in frames] == numbers
                np.testing.assert_allclose(pts, times[numbers], atol=1.1e-3)
                assert all(f.dtype == np.uint8 and f.shape == (32, 96, 3) for f in frames)


@pytest.mark.parametrize('name', FILES)
def test_sound_windows_are_cut_from_the_same_track(files, name, backend):
    path, times = files[name]
    end = round(times[-1] * 16000) / 16000  # between two samples the nearer one is taken
    windows = [(1.0, 2.0), (0.25, 1.5), (end - 0.5, end + 2.0), (-0.5, 0.25), (1.25, 1.25)]
    with open_media(path, 'pyav') as reader:
        whole = reader.read(audio_windows=[(-0.5, end + 2.0)]).audio[0]
    with open_media(path, backend) as reader:
        result = reader.read([np.array([0.5, 1.0])], windows)
        again = reader.read(audio_windows=windows[:1]).audio[0]
    for (start, stop), waveform in zip(windows, result.audio):
        assert waveform.dtype == np.float32
        assert waveform.shape == (round((stop - start) * 16000),)
        reference = whole[round((start + 0.5) * 16000) :][: len(waveform)]
        np.testing.assert_allclose(waveform, reference, atol=0.05)
    np.testing.assert_allclose(again, result.audio[0], atol=0.05)
    assert np.abs(whole[8000:40000]).max() > 0.3
    assert not whole[round((end + 1.0) * 16000) :].any()  # zero where the track has no sound


def test_back_ends_give_the_same_pixels(files, backend):
    for path, times in files.values():
        asked = [times[:20], np.linspace(0, times[-1], 9)]
        with open_media(path, backend) as reader, open_media(path, 'pyav') as reference:
            ours, theirs = reader.read(asked), reference.read(asked)
        for clip, other in zip(ours.frames, theirs.frames):
            difference = np.abs(np.asarray(clip, float) - np.asarray(other, float)).mean()
            assert difference < 2, path.name


def test_stamps_differ_so_that_these_tests_can_fail(files):
    path, times = files['short_gop.mp4']
    with open_media(path) as reader:
        frames = reader.read([times[40:42]]).frames[0]
    assert [read_stamp(frame) for frame in frames] == [40, 41]


def test_facts(files, backend):
    with open_media(files['long_gop.mp4'][0], backend) as reader:
        info = reader.info
    assert (info.width, info.height, info.rotation) == (96, 32, 0)
    assert (info.has_video, info.has_audio, info.sample_rate, info.channels) == (
        True,
        True,
        16000,
        1,
    )
    assert info.num_frames == 100
    assert info.fps == pytest.approx(29.97, abs=0.01)
    assert info.duration == pytest.approx(100 / 29.97, abs=0.05)


def test_not_the_whole_file_is_decoded(tmp_path):
    times = write_stamped(tmp_path / 'minute.mp4', num_frames=1500, gop=12)
    clips = [20 + np.arange(16) / 16, 50 + np.arange(16) / 16]
    with open_media(tmp_path / 'minute.mp4', 'pyav') as reader:
        result = reader.read(clips, [(20, 21), (50, 51)])
        # 25 frames a second and at most a group of 12 before, and the first frame of the file
        assert reader._num_decoded <= 2 * (25 + 12 + 4) + 1
    assert [read_stamp(f) for f in result.frames[1]] == on_screen(times, clips[1])
    assert np.abs(result.audio[1]).max() > 0.3


def test_unwanted_frames_that_nothing_refers_to_are_skipped(tmp_path, make_video):
    path = make_video(tmp_path / 'long.mp4', duration=10, gop=250, seed=3)
    with open_media(path, 'pyav') as reader:
        assert reader.read([np.array([9.0])]).frame_pts[0] == pytest.approx(9.0)
        assert reader._num_decoded < 180  # of the 226 up to there


def test_one_read_after_another(tmp_path, make_video, backend):
    """An earlier read does not affect a later one."""
    times = write_stamped(tmp_path / 'a.mp4', num_frames=80, gop=80)
    with open_media(tmp_path / 'a.mp4', backend) as reader:
        sound = reader.read(audio_windows=[(2.5, 3.0)]).audio[0]
        for number in [30, 31, 32, 33, 35, 38, 39, 40, 39, 60, 61, 3, 4]:
            result = reader.read([times[[number]]], [(2.5, 3.0)] if number % 3 else [])
            assert read_stamp(result.frames[0][0]) == number
            for again in result.audio:
                np.testing.assert_allclose(again, sound, atol=0.02)


def test_one_source_frame_is_one_array(files):
    path, times = files['short_gop.mp4']
    with open_media(path, 'pyav') as reader:
        frames = reader.read([times[10] + np.array([0.0, 0.01, 0.02])]).frames[0]
    assert frames[0] is frames[1] is frames[2]


def test_resampling_keeps_pitch_and_place(tmp_path):
    write_stamped(tmp_path / 'a.webm')  # opus: 48 kHz
    with open_media(tmp_path / 'a.webm') as reader:
        assert reader.info.sample_rate == 48000
        low, high = (
            reader.read(audio_windows=[(1, 2)], sample_rate=rate).audio[0] for rate in (8000, 32000)
        )
    assert (len(low), len(high)) == (8000, 32000)
    np.testing.assert_allclose(low, high[::4], atol=0.05)


def test_file_without_sound(tmp_path, backend):
    write_stamped(tmp_path / 'mute.mp4', audio=False)
    with open_media(tmp_path / 'mute.mp4', backend) as reader:
        assert not reader.info.has_audio
        result = reader.read([np.array([1.0])], [(0, 1), (1, 2)])
    assert result.audio == [None, None]
    assert read_stamp(result.frames[0][0]) == 25


def test_wrong_arguments(files):
    path = files['short_gop.mp4'][0]
    with pytest.raises(ValueError, match="'auto' or one of"):
        open_media(path, 'opencv')
    with open_media(path) as reader:
        with pytest.raises(ValueError, match='start <= end'):
            reader.read(audio_windows=[(2, 1)])
        with pytest.raises(ValueError, match='finite'):
            reader.read([np.array([0.0, np.nan])])


def test_files_are_closed(files):
    fds = '/proc/self/fd'
    if not os.path.isdir(fds):
        pytest.skip('needs /proc')
    path = files['short_gop.mp4'][0]
    before = len(os.listdir(fds))
    for _ in range(20):
        with open_media(path) as reader:
            reader.read([np.array([1.0])], [(0, 1)])
    assert len(os.listdir(fds)) <= before


def test_torchcodec_without_ffmpeg_is_not_available(monkeypatch, tmp_path):
    torchcodec = pytest.importorskip('torchcodec')
    monkeypatch.setattr(torchcodec, 'ffmpeg_major_version', None)
    monkeypatch.delitem(sys.modules, 'avtss_mm.media.torchcodec_backend', raising=False)
    assert 'torchcodec' not in available_backends()
    with pytest.raises(ImportError, match="no shared FFmpeg.*use backend='pyav'"):
        open_media(tmp_path / 'any.mp4', backend='torchcodec')
