"""A simultaneous flash and click stay simultaneous."""

import numpy as np
import pytest

from avtss_mm.media import open_media

RATE = 16000
LIMIT = 0.02  # seconds between flash and click
INSTANTS = (1.01, 3.33, 6.02, 8.47)
MP3 = dict(audio_codec='libmp3lame')
FILES = {
    '25.mp4': dict(),
    '29.97.mp4': dict(fps=30000 / 1001, gop=250),
    '30.mp4': dict(fps=30),
    '15.mp4': dict(fps=15),
    'variable.mp4': dict(
        frame_times=np.cumsum(np.random.default_rng(1).uniform(0.015, 0.12, 160)) - 0.01
    ),
    'late_sound.mp4': dict(audio_start=0.4),
    'late_sound.mkv': dict(audio_start=0.4),
    'late_picture.mp4': dict(frame_times=np.arange(250) / 25 + 0.4, duration=10.4),
    '29.97.mkv': dict(fps=30000 / 1001),
    '25.webm': dict(),
    '25.avi': MP3,
    '25.mpg': dict(video_codec='mpeg2video', audio_codec='mp2'),
}


@pytest.fixture(scope='module')
def files(tmp_path_factory, flash_click):
    folder = tmp_path_factory.mktemp('sync')
    options = {name: {'duration': 10.0, **FILES[name]} for name in FILES}
    for name in FILES:
        flash_click(folder / name, INSTANTS, **options[name])
    return folder


def flash_of(frames, pts):
    """Time of the first bright frame."""
    bright = [frame.mean() > 140 for frame in frames]
    assert any(bright), 'no flash in the clip'
    return pts[bright.index(True)]


def click_of(waveform, start, near):
    """Onset of the click closest to a time; a long window has several."""
    loud = np.flatnonzero(np.abs(waveform) > 0.25)
    assert len(loud), 'no click in the window'
    onsets = loud[np.diff(loud, prepend=-RATE) > RATE // 10] / RATE + start
    return onsets[np.abs(onsets - near).argmin()]


@pytest.mark.parametrize('speed', [1, 2, 4, 8])
@pytest.mark.parametrize('name', FILES)
def test_click_and_flash_coincide(files, name, speed, backend):
    """As in training: 16 frames that are ``speed / 16`` s apart, and the sound of the same window.

    The frames of a fast clip lie further apart than a flash lasts, so the window is placed such
    that one of them falls on the flash; it must be the frame of the click on the source timeline.
    """
    with open_media(files / name, backend) as reader:
        # where the flashes really are, from every frame of the file
        dense = reader.read([np.arange(0, 10, 1 / 250)])
        bright = np.array([frame.mean() > 140 for frame in dense.frames[0]])
        flashes = np.unique(dense.frame_pts[0][bright])
        assert len(flashes) == len(INSTANTS)
        for flash in flashes:
            steps = min(int(flash / (speed / 16)), 9)
            start = flash + 0.004 - steps * speed / 16
            times = start + np.arange(16) * speed / 16
            clip = reader.read([times], [(start, start + speed)])
            assert clip.frames[0][steps].mean() > 140
            shown = clip.frame_pts[0][steps]
            heard = click_of(clip.audio[0], start, shown)
            assert abs(shown - flash) < 0.002
            assert abs(heard - shown) < LIMIT


def test_both_directions_show_the_same_frames(files, backend):
    times = 3.0 + np.arange(16) / 16
    with open_media(files / '25.mp4', backend) as reader:
        clip = reader.read([times, times[::-1]])
    forward, backward = clip.frames
    assert all((a == b).all() for a, b in zip(forward, backward[::-1]))
    np.testing.assert_array_equal(clip.frame_pts[0], clip.frame_pts[1][::-1])


def test_a_shifted_sound_is_noticed(files, tmp_path, flash_click):
    """Tests the measure: late sound that is wrongly placed at zero is off by its delay."""
    with open_media(files / 'late_sound.mp4') as reader:
        clip = reader.read([np.arange(0, 3, 1 / 100)], [(0, 3)])
    shown = flash_of(clip.frames[0], clip.frame_pts[0])
    wrong = clip.audio[0][round(0.4 * RATE) :]
    assert abs(click_of(wrong, 0, shown) - shown) > 0.3
