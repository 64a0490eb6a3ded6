from dataclasses import replace

import numpy as np
import pytest

from avtss_mm.toy import SAMPLE_RATE, TIMBRES, make_world, synthesise
from avtss_mm.toy.motions import Impact


def one_blow(label, seed=0, time=1.234, strength=1.0):
    """The sound (n,) that one impact adds to a video."""
    world = make_world(label, np.random.SeedSequence([seed]), duration=3.0)
    struck = synthesise(replace(world, impacts=[Impact(time, 0.5, 0.8, strength)]))
    return struck - synthesise(replace(world, impacts=[]))


def power(wave):
    return float(np.mean(np.square(wave, dtype=float)))


@pytest.mark.parametrize('label', range(16))
def test_form(label):
    world = make_world(label, np.random.SeedSequence([9, label]), duration=6.0)
    wave = synthesise(world)
    assert wave.shape == (6 * SAMPLE_RATE,) and wave.dtype == np.float32
    assert 0.05 < np.abs(wave).max() < 1
    np.testing.assert_array_equal(wave, synthesise(world))


@pytest.mark.parametrize('label', range(len(TIMBRES)))
def test_a_blow_sounds_at_its_own_sample(label):
    for seed in range(3):
        wave, start = one_blow(label, seed), round(1.234 * SAMPLE_RATE)
        assert np.abs(wave[:start]).max() < 1e-4  # nothing before, not even an echo
        assert np.abs(wave[start : start + 80]).max() > 0.05  # within 5 ms
        # It decays: the arrow of time.
        assert power(wave[start : start + 1600]) > 10 * power(wave[start + 16000 :][:1600])


def test_harder_is_louder():
    start = round(1.234 * SAMPLE_RATE)
    loud, soft = (one_blow(0, strength=s)[start:] for s in (1.0, 0.3))
    assert power(loud) > 5 * power(soft)


def test_timbres_ring_for_different_times():
    def half_energy(label):
        energy = np.cumsum(np.square(one_blow(label), dtype=float))
        return np.searchsorted(energy, 0.9 * energy[-1]) / SAMPLE_RATE - 1.234

    seconds = dict(zip(TIMBRES, map(half_energy, range(len(TIMBRES)))))
    assert seconds['wood'] < 0.7 * seconds['drum'] < 0.7 * seconds['bell']


def test_the_note_of_the_water_rises():
    seconds = []  # (seeds, seconds, bins of 50 Hz)
    for seed in range(8):
        world = make_world(0, np.random.SeedSequence([seed]), duration=8.0)
        wave = synthesise(replace(world, impacts=[], bubbles=world.bubbles[:0]))
        pieces = wave.reshape(8, SAMPLE_RATE) * np.hanning(SAMPLE_RATE)
        power = np.abs(np.fft.rfft(pieces)[:, :2000]) ** 2
        seconds.append(np.log(power.reshape(8, 40, 50).mean(axis=-1)))
    level = np.mean(seconds, axis=0)
    notes = np.argmax(level - level.mean(axis=0), axis=1)  # what stands still is left out
    assert notes[-1] > 2.5 * notes[0]
    assert np.mean(np.diff(notes) > 0) >= 0.7
