"""Channels are mixed to mono without losing sound."""

import numpy as np
import pytest
from helpers.stamped_video import stamp

from avtss_mm.media import open_media, probe, write_video
from avtss_mm.media.mixing import mixed

RATE = 48000
TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype('f')
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, RATE)).astype('f')


@pytest.mark.parametrize('name', ['a.mp4', 'a.mkv', 'a.wav.mkv'])
@pytest.mark.parametrize('channels', [2, 6])
def test_antiphase_is_heard_and_said(tmp_path, backend, name, channels):
    sound = np.zeros((len(TONE), channels), 'f')
    sound[:, 0], sound[:, 1] = TONE, -TONE
    codec = 'pcm_s16le' if 'wav' in name else 'aac'
    frames = (stamp(i) for i in range(50))
    write_video(tmp_path / name, frames, 25, sound, RATE, audio_codec=codec)
    with open_media(tmp_path / name, backend) as reader:
        waveform = reader.read(audio_windows=[(0.5, 1.5)]).audio[0]
    assert waveform.std() == pytest.approx(TONE.std(), rel=0.05)
    row = probe(tmp_path / name)
    assert row['antiphase'] and not row['silent']


def test_a_tone_that_turns_round_halfway_never_fades():
    half = len(TONE) // 2
    right = np.concatenate([TONE[:half], -TONE[half:]])
    mix, cancel = mixed([TONE, right], RATE)
    assert cancel
    power = np.square(mix).reshape(-1, RATE // 100).mean(1)
    assert power.min() > 0.3 * np.square(TONE).mean()


@pytest.mark.parametrize(
    'left, right, power',
    [(TONE, TONE, 2), (TONE, 0 * TONE, 0.5), (0 * TONE, TONE, 0.5), (*NOISE, 1)],
    ids=['both', 'left', 'right', 'noise'],
)
def test_what_does_not_cancel_is_mixed_as_ffmpeg_does(left, right, power):
    mix, cancel = mixed([left, right], RATE)
    assert not cancel
    np.testing.assert_allclose(mix, (left + right) * 0.5**0.5, atol=1e-6)
    loud = max(np.square(left).mean(), np.square(right).mean())
    assert np.square(mix).mean() == pytest.approx(power * loud, rel=0.05)


def test_one_channel_and_none():
    assert mixed([TONE], RATE) == (pytest.approx(TONE), False)
    assert len(mixed([TONE[:0], TONE[:0]], RATE)[0]) == 0
