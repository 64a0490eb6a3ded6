"""Each distortion of a sound alone does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from avtss_mm.datasets.transforms import RandomSoundDistortion

RATE = 16000
STEPS = ('reverse', 'slow', 'echo', 'band', 'clip', 'noise', 'patch', 'codec')


def distorted(sound, only, seed=0, **options):
    np.random.seed(seed)
    probs = {f'{step}_prob': float(step == only) for step in STEPS}
    transform = RandomSoundDistortion(prob=1.0, **probs, **options)
    (result,) = transform(dict(audio_waveforms=[sound.copy()]))['audio_waveforms']
    assert result.dtype == np.float32 and result.shape == sound.shape
    return result


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


def power(sound, low, high):
    spectrum = np.abs(np.fft.rfft(sound)) ** 2
    frequencies = np.fft.rfftfreq(len(sound), 1 / RATE)
    return spectrum[(frequencies >= low) & (frequencies < high)].sum()


@pytest.mark.parametrize('seed', range(5))
def test_noise_has_the_ratio_that_is_asked_for(noise, seed):
    added = distorted(noise, 'noise', seed, snr=(12, 12)) - noise
    assert 10 * np.log10(np.mean(noise**2) / np.mean(added**2)) == pytest.approx(12, abs=0.1)


@pytest.mark.parametrize('seed', range(5))
def test_a_band_keeps_its_middle_only(noise, seed):
    result = distorted(noise, 'band', seed)
    assert power(result, 800, 1200) == pytest.approx(power(noise, 800, 1200), rel=0.35)
    assert power(result, 0, 20) < 0.01 * power(noise, 0, 20)
    assert power(result, 7500, 8000) < 0.3 * power(noise, 7500, 8000)


def test_a_sound_plays_backward(noise):
    assert np.array_equal(distorted(noise, 'reverse'), noise[::-1])


@pytest.mark.parametrize('seed', range(5))
def test_a_slower_sound_is_lower_and_keeps_its_middle(seed):
    time = np.arange(2 * RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * time).astype(np.float32)
    tone[RATE - 80 : RATE + 80] += 5  # a click
    slow = distorted(tone, 'slow', seed, max_slow=1.5)
    loudest = np.abs(np.fft.rfft(slow - np.mean(slow)))[200:].argmax() / 2 + 100  # Hz
    click = np.flatnonzero(slow > 3)
    assert 1000 / 1.5 - 1 <= loudest <= 1000
    assert np.mean(click) == pytest.approx(RATE, abs=2)
    assert len(click) == pytest.approx(160 * 1000 / loudest, rel=0.02)


def test_clipping_cuts_peaks(noise):
    result = distorted(noise, 'clip')
    assert np.abs(result).max() < np.abs(noise).max()
    assert (np.abs(result) == np.abs(result).max()).sum() > 10


def test_an_echo_comes_later():
    click = np.zeros(2 * RATE, np.float32)
    click[1000] = 1
    places = np.flatnonzero(distorted(click, 'echo'))
    assert places[0] == 1000 and 1 <= len(places) - 1 <= 3
    assert 0.03 * RATE <= places[1] - 1000 and places[-1] - 1000 <= 0.5 * RATE


@pytest.mark.parametrize('seed', range(5))
def test_a_patch_changes_one_stretch(noise, seed):
    changed = np.flatnonzero(distorted(noise, 'patch', seed) != noise)
    assert 0.1 <= len(changed) / len(noise) <= 0.5
    assert changed[-1] - changed[0] + 1 == len(changed)  # without sounds it is muted


@pytest.mark.parametrize('seed', range(8))
def test_a_codec_changes_little_of_a_tone(seed):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    result = distorted(tone, 'codec', seed)
    assert 0 < np.std(result[500:-500] - tone[500:-500]) < 0.2 * np.std(tone)


def test_a_clip_may_stay_as_it_is(noise):
    np.random.seed(0)
    clips = RandomSoundDistortion(prob=0.5)(dict(audio_waveforms=[noise] * 20))['audio_waveforms']
    assert 3 < sum(clip is noise for clip in clips) < 17
