"""Figures of samples show the frames, the sound and the metadata."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from avtss_mm.datasets.transforms import SampleAVClips, UniformSampleAVClips
from avtss_mm.visualization import describe_sample, draw_sample, sheets

RED, GREEN, BLUE = np.eye(3) * 255


def make_sample(sampler, duration=10.0, colors=(RED, BLUE), **extra):
    np.random.seed(0)
    results = sampler(dict(duration=duration, filename='/data/some folder/a video.mp4', label=7))
    shape = (results['num_clips'], 3, results['clip_len'], 32, 32)
    imgs = np.zeros(shape, np.uint8)
    for clip, color in zip(imgs, colors):
        clip[:] = color[:, None, None, None]
    audios = np.random.default_rng(0).normal(-40, 10, (shape[0], 1, 50, 20)).astype('f')
    has_audio = np.ones(shape[0], bool)
    return {**results, 'imgs': imgs, 'audios': audios, 'has_audio': has_audio, **extra}


def area(path, color) -> float:
    """Share of the image that has exactly this colour."""
    pixels = (matplotlib.image.imread(path)[..., :3] * 255).round()
    return float((pixels == color).all(axis=-1).mean())


def test_both_windows_are_drawn(tmp_path):
    path = tmp_path / 'sheet.png'
    draw_sample(make_sample(SampleAVClips()), path)
    assert area(path, RED) > 0.08 and area(path, BLUE) > 0.08 and area(path, GREEN) == 0


def test_only_some_of_many_windows_are_drawn(tmp_path):
    path = tmp_path / 'sheet.png'
    sample = make_sample(UniformSampleAVClips(6), colors=(RED, RED, BLUE, GREEN, GREEN, GREEN))
    draw_sample(sample, path, max_windows=3)
    assert area(path, RED) > 0.1 and area(path, BLUE) > 0.05 and area(path, GREEN) == 0


@pytest.mark.parametrize('silent', [True, False])
def test_silence_is_dark(tmp_path, silent):
    sample = make_sample(SampleAVClips())
    if silent:
        sample.update(audios=np.full_like(sample['audios'], -100), has_audio=np.zeros(2, bool))
    draw_sample(sample, tmp_path / 'sheet.png')
    dark = matplotlib.colormaps['magma'](0.0, bytes=True)[:3]
    assert (area(tmp_path / 'sheet.png', dark) > 0.2) is silent


@pytest.mark.parametrize('missing', ['imgs', 'audios'])
def test_one_modality_is_enough(tmp_path, missing):
    sample = make_sample(SampleAVClips())
    del sample[missing]
    draw_sample(sample, tmp_path / 'sheet.png')
    assert (area(tmp_path / 'sheet.png', RED) > 0.05) is (missing == 'audios')


def test_description_has_the_facts():
    sample = make_sample(SampleAVClips(speeds=(2,), backward_prob=1.0))
    start = sample['frame_times'][0].min()
    text = describe_sample(sample)
    assert 'some folder/a video.mp4, 10.00 s, label 7' in text
    assert f'window 1: {start:.2f}-{start + 2:.2f} s, 2x backward;' in text
    orders = {0: 'window 1 before 2', 1: 'windows overlapping', 2: 'window 1 after 2'}
    assert orders[sample['clip_order']] in text


def test_description_tells_sound_and_frames_apart_and_missing_labels():
    sample = make_sample(SampleAVClips(), video_rate=np.array([4.0, 1]), audio_rate=np.ones(2))
    sample['audio_windows'] = [(1.0, 2.0), (3.0, 4.0)]
    sample['video_direction'] = sample['audio_direction'] = np.array([0, 1])
    sample['video_speed'] = np.array([-1, 2])
    text = describe_sample(sample)
    assert 'window 1: 1.00-5.00 s, frames 4x forward, sound 1x forward (no speed label)' in text
    assert text.endswith('window 2: 3.00-4.00 s, 1x backward')


@pytest.mark.parametrize('has_librosa', [True, False])
def test_sound_is_labelled_in_hz_where_librosa_is(monkeypatch, has_librosa):
    if has_librosa:
        pytest.importorskip('librosa')
    else:
        monkeypatch.setattr(sheets, 'display', None)
    axis = Figure().subplots()
    sheets._draw_sound(axis, make_sample(SampleAVClips(), mel_limit=8000.0), 0)
    axis.figure.draw_without_rendering()
    labels = [label.get_text() for label in axis.get_yticklabels()]
    assert axis.get_ylabel() == ('Hz' if has_librosa else 'mel bin')
    assert ('4096' in labels) is has_librosa


def test_nothing_is_said_of_a_sound_that_is_not_there():
    sample = make_sample(SampleAVClips(), video_rate=np.array([4.0, 1]), audio_rate=np.ones(2))
    sample['has_audio'] = np.array([False, True])
    first, _ = describe_sample(sample).split('; ')
    assert 'sound' not in first and '4x' in first
