"""Spectrograms compared with librosa and with the definitions of speed and direction."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from avtss_mm.datasets.transforms import AudioAmplify, MelSpectrogram, SpecFrequencyMask

RATE = 16000


@pytest.fixture(scope='module')
def chirp():
    """Eight seconds of a rising tone, clicks that become rarer, and a little noise."""
    sound = librosa.chirp(fmin=100, fmax=4000, sr=RATE, duration=8.0) * 0.3
    sound[(np.linspace(0, 1, 40) ** 0.5 * (len(sound) - 200)).astype(int)] += 0.6
    return (sound + np.random.default_rng(0).normal(0, 1e-3, len(sound))).astype(np.float32)


def mel(waveform, rate=1.0, direction=0, **options):
    results = dict(audio_waveforms=[waveform], audio_rate=[rate], audio_direction=[direction])
    return MelSpectrogram(**options)(results)['audios'][0, 0]  # (L, F)


def librosa_mel(waveform, hop=160):
    power = librosa.feature.melspectrogram(
        y=waveform, sr=RATE, n_fft=400, hop_length=hop, n_mels=80, fmax=8000, pad_mode='reflect'
    )
    return librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None).T


@pytest.mark.slow
def test_equals_librosa(chirp):
    ours = mel(chirp[:RATE])
    assert ours.shape == (100, 80) and ours.dtype == np.float32
    np.testing.assert_allclose(ours, librosa_mel(chirp[:RATE])[:100], atol=0.01)


@pytest.mark.parametrize('rate', [1, 2, 4, 8])
def test_speed_keeps_every_nth_column(chirp, rate):
    window = chirp[: rate * RATE]
    ours = mel(window, rate)
    assert ours.shape == (100, 80)
    every = mel(window, num_columns=100 * rate)[::rate]
    np.testing.assert_allclose(ours, every, atol=1e-3)
    np.testing.assert_allclose(ours, librosa_mel(window, hop=160 * rate)[:100], atol=0.1)


def test_resampling_moves_the_pitch_and_skipping_does_not():
    tone = np.sin(2 * np.pi * 500 * np.arange(4 * RATE) / RATE).astype(np.float32)
    peak = mel(tone[:RATE]).mean(axis=0).argmax()
    assert mel(tone, rate=4).mean(axis=0).argmax() == peak
    octaves_up = np.sin(2 * np.pi * 2000 * np.arange(RATE) / RATE).astype(np.float32)
    resampled = mel(tone, rate=4, speed_mode='resample')
    np.testing.assert_allclose(resampled[5:95], mel(octaves_up)[5:95], atol=3)
    assert resampled.mean(axis=0).argmax() > peak


@pytest.mark.parametrize('speed_mode', ['skip', 'resample'])
def test_backward_is_the_reversed_sound(chirp, speed_mode):
    window = chirp[: 2 * RATE]
    backward = mel(window, 2, direction=1, speed_mode=speed_mode)
    reverse = mel(window[::-1].copy(), 2, speed_mode=speed_mode)
    np.testing.assert_array_equal(backward, reverse)
    forward = mel(window, 2, speed_mode=speed_mode, num_columns=101)
    # The columns of the reversed sound are centred one sample later.
    assert np.abs(backward - forward[::-1][:100])[1:].mean() < 1
    assert np.abs(backward - forward[:100]).mean() > 5


def test_a_direction_leaves_no_trace_at_the_edges():
    """Stationary sound must look the same forward and backward, also in the padded columns."""
    noise = np.random.default_rng(0).normal(0, 0.1, (200, RATE)).astype(np.float32)
    forward = np.mean([mel(sound) for sound in noise[:100]], axis=0)
    backward = np.mean([mel(sound, direction=1) for sound in noise[100:]], axis=0)
    for column in (0, -1):
        assert abs((forward - backward)[column].mean()) < 0.5


def test_a_window_that_is_too_short_says_what_to_do(chirp):
    with pytest.raises(ValueError, match='clip_duration'):
        mel(chirp[: RATE // 2])


def test_silence_is_minus_100_db():
    np.testing.assert_array_equal(mel(np.zeros(RATE, np.float32)), -100)


def test_other_sizes_follow_their_units(chirp):
    audio = mel(chirp, sample_rate=8000, num_mels=40, hop_duration=0.02, num_columns=64)
    assert audio.shape == (64, 40)
    with pytest.raises(ValueError, match='speed_mode'):
        MelSpectrogram(speed_mode='stretch')


def test_amplify_shifts_the_level_of_each_clip(chirp):
    np.random.seed(0)
    waveforms = AudioAmplify(gain_db=(-6, 6))(dict(audio_waveforms=[chirp] * 50))['audio_waveforms']
    gains = [20 * np.log10(waveform.std() / chirp.std()) for waveform in waveforms]
    assert -6.01 < min(gains) < -4 and 4 < max(gains) < 6.01 and waveforms[0].dtype == np.float32
    waveforms = AudioAmplify(prob=0)(dict(audio_waveforms=[chirp]))['audio_waveforms']
    assert waveforms[0] is chirp


def test_frequency_mask_fills_bands_with_the_mean_at_all_times():
    np.random.seed(0)
    audios = np.random.normal(size=(40, 1, 50, 80)).astype(np.float32)
    masked = SpecFrequencyMask(max_width=10, num_masks=1)(dict(audios=audios.copy()))['audios']
    widths = []
    for clip, original in zip(masked[:, 0], audios[:, 0]):
        changed = clip != original
        np.testing.assert_array_equal(changed.any(axis=0), changed.all(axis=0))
        bins = np.flatnonzero(changed.any(axis=0))
        widths.append(len(bins))
        assert len(bins) == 0 or np.ptp(bins) == len(bins) - 1
        np.testing.assert_allclose(clip[changed], original.mean(), atol=1e-6)
    assert max(widths) == 10 and min(widths) < 2
    unchanged = SpecFrequencyMask(prob=0)(dict(audios=audios.copy()))['audios']
    np.testing.assert_array_equal(unchanged, audios)
