import numpy as np
import pytest

from avtss_mm.fingerprint.distortion.filters import PictureFilter, filter_sound
from avtss_mm.fingerprint.distortion.overlay import Overlay
from avtss_mm.fingerprint.distortion.sound import distort_sound
from avtss_mm.fingerprint.distortion.suite import Recipe, find_distortions

RATE = 48000
SIZE = (120, 160)


@pytest.fixture
def tone():
    return (0.2 * np.sin(np.arange(2 * RATE) * 2 * np.pi * 440 / RATE)).astype(np.float32)


def power(sound):
    return float(np.mean(np.square(sound, dtype=float)))


def main_pitch(sound):
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return spectrum.argmax() * RATE / len(sound)


@pytest.mark.parametrize('snr', [20, 10, 0])
def test_noise_has_the_asked_distance(tone, snr):
    noisy = distort_sound(tone, Recipe(snr=snr), seed=1)
    gain = np.dot(noisy, tone) / np.dot(tone, tone)  # it is made quieter where it would clip
    measured = 10 * np.log10(power(tone * gain) / power(noisy - gain * tone))
    assert measured == pytest.approx(snr, abs=0.5)


def test_noise_is_added_to_silence_too():
    noisy = distort_sound(np.zeros(RATE, np.float32), Recipe(snr=0), seed=1)
    assert 1e-4 < power(noisy) ** 0.5 < 1e-2


@pytest.mark.parametrize('field', ['muted', 'replaced'])
@pytest.mark.parametrize('share', [0.25, 1.0])
def test_share_of_the_sound_is_lost(tone, field, share):
    changed = distort_sound(tone, Recipe(**{field: share}), seed=2)
    assert len(changed) == len(tone)
    lost = np.abs(changed - tone) > 1e-6
    assert lost.mean() == pytest.approx(share, abs=0.02)
    assert (power(changed[lost]) == 0) is (field == 'muted')


@pytest.mark.parametrize(('severity', 'semitones'), [(1, 0.5), (2, -1), (3, 2)])
def test_pitch_moves_by_semitones(tone, severity, semitones):
    recipe = find_distortions(['pitch'])[0].recipes[severity - 1]
    changed = distort_sound(tone, recipe, seed=0)[RATE // 4 : -RATE // 4]
    assert main_pitch(changed) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)


def test_telephone_keeps_its_band_only():
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    changed = distort_sound(noise, find_distortions(['telephone'])[0].recipes[1], seed=0)
    spectrum = np.abs(np.fft.rfft(changed)) ** 2
    hertz = np.fft.rfftfreq(len(changed), 1 / RATE)
    inside = spectrum[(hertz > 500) & (hertz < 3000)].mean()
    assert spectrum[hertz < 80].mean() < 0.02 * inside
    assert spectrum[hertz > 5000].mean() < 1e-3 * inside


def test_clipping_flattens_the_peaks(tone):
    levels = [np.mean(np.abs(distort_sound(tone, recipe, 0)) > 0.89) for recipe in
              find_distortions(['clipping'])[0].recipes]  # fmt: skip
    assert levels == sorted(levels) and levels[0] < 0.01 and levels[2] > 0.8


def test_stronger_codecs_lose_more():
    rng = np.random.default_rng(3)
    tones = sum(np.sin(np.arange(RATE) * rng.uniform(0.01, 1)) for _ in range(30)) / 40
    sound = (tones + rng.normal(0, 0.02, RATE)).astype(np.float32)
    for name in ('mp3', 'opus'):
        recipes = find_distortions([name])[0].recipes
        likeness = [np.corrcoef(sound, distort_sound(sound, r, 0))[0, 1] for r in recipes]
        assert likeness[0] > 0.5 and likeness[0] > likeness[2]


def test_filters_run_in_their_order_and_give_even_sizes():
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    half = PictureFilter('crop=35:25:0:0, hflip', 70, 50)
    assert half(image).shape == (24, 34, 3)
    assert half(image).shape == (24, 34, 3)  # again: one picture for each
    mirrored = PictureFilter('hflip', 70, 50)(image)
    assert np.array_equal(mirrored, image[:, ::-1])
    assert np.array_equal(PictureFilter('', 70, 50)(image), image)
    assert filter_sound(np.ones(100, np.float32), 'volume=0.5, volume=0.5')[50] == 0.25


@pytest.mark.parametrize('name', ['text', 'emoji', 'logo', 'border', 'meme'])
@pytest.mark.parametrize('size', [SIZE, SIZE[::-1]])
def test_overlays_cover_more_from_mild_to_strong(name, size):
    image = np.full((*size, 3), 120, np.uint8)
    covered = []
    for strength in (1, 2, 3):
        drawn = Overlay([(name, strength)], size, seed=4)(image)
        assert drawn.shape == image.shape and drawn.dtype == np.uint8
        assert np.array_equal(drawn, Overlay([(name, strength)], size, seed=4)(image))
        covered.append((drawn != image).any(2).mean())
    assert 0.003 < covered[0] < covered[1] and covered[2] > covered[0]
    assert covered[2] < (1 if name != 'border' else 0.9)
    other = Overlay([(name, 2)], size, seed=5)(image)
    assert not np.array_equal(other, Overlay([(name, 2)], size, seed=4)(image))


def test_overlays_lie_over_each_other_and_leave_the_rest():
    image = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    both = Overlay([('border', 2), ('text', 1)], SIZE, seed=0)(image)
    border = Overlay([('border', 2)], SIZE, seed=0)(image)
    assert np.array_equal(both[:4], border[:4]) and not np.array_equal(both, border)
    assert np.array_equal(border[50:70, 60:100], image[50:70, 60:100])
