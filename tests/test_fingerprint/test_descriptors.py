"""Fingerprints without learning, beside the learned features."""

import shutil

import numpy as np
import pytest

from avtss_mm.fingerprint.descriptors import (
    RATE,
    STEP,
    Chromaprint,
    chromaprint_bits,
    chromaprint_of,
    hash_bits,
)
from avtss_mm.fingerprint.embed_media import embed_media
from avtss_mm.fingerprint.embedding import chunk_embedder
from avtss_mm.fingerprint.index.settings import settings_of

needs_fpcalc = pytest.mark.skipif(shutil.which('fpcalc') is None, reason='needs fpcalc')


def melody(seconds: float, seed: int = 0) -> np.ndarray:
    """Random notes, four a second, at the rate of Chromaprint."""
    notes = np.random.default_rng(seed).choice(220 * 2 ** (np.arange(24) / 12), int(4 * seconds))
    phase = 2 * np.pi * np.cumsum(np.repeat(notes, RATE // 4)) / RATE
    return (0.5 * np.sin(phase)).astype(np.float32)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    return float((one == other).mean())


def test_a_hash_keeps_its_bits_when_brightness_changes():
    rng = np.random.default_rng(0)
    picture, other = rng.integers(0, 256, (2, 8, 8, 3)).repeat(12, 1).repeat(12, 2).astype(np.uint8)
    bits = hash_bits(picture)
    assert bits.shape == (64,) and set(np.unique(bits)) == {-1, 1}
    assert alike(bits, hash_bits((0.7 * picture + 20).astype(np.uint8))) > 0.95
    assert 0.25 < alike(bits, hash_bits(other)) < 0.75


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(ImportError, match='^the program fpcalc is not installed$'):
        Chromaprint()


@needs_fpcalc
def test_chromaprint_follows_the_sound():
    sound = melody(20)
    numbers = chromaprint_of(sound)
    later = chromaprint_of(sound[RATE * 4 :])
    first = round(4 / STEP)
    windows = np.array([[0.0, 2.0], [1, 3], [30, 32]])
    rows = chromaprint_bits(numbers[first:], windows)
    assert rows.shape == (3, round(2 / STEP), 32)
    assert alike(rows[:2], chromaprint_bits(later, windows)[:2]) > 0.9
    assert alike(rows[:2], chromaprint_bits(chromaprint_of(melody(20, 1)), windows)[:2]) < 0.75
    assert not rows[2].any()  # after the end
    assert len(chromaprint_of(sound[:100])) == 0


@pytest.fixture(scope='module')
def video(tmp_path_factory, make_distinct):
    return make_distinct(tmp_path_factory.mktemp('videos') / 'a.mp4', 3, end=12)


@pytest.fixture(scope='module')
def make_distinct():
    from helpers.distinct_media import write_distinct

    return write_distinct


def features(path, stride=1.0, batch_size=16, descriptors=('phash', 'chromaprint')):
    embedder = chunk_embedder('shipped', stride=stride, device='cpu', batch_size=batch_size)
    both = chunk_embedder('shipped', None, stride, batch_size=batch_size, descriptors=descriptors)
    assert settings_of(embedder) == settings_of(both)  # one index is for both
    ((_, found),) = embed_media(both, [str(path)], ('video', 'audio'))
    return found


@needs_fpcalc
def test_chunks_have_them_at_the_times_of_the_learned_features(video):
    found = features(video)
    assert found.keys() == {'video', 'audio', 'phash', 'chromaprint'}
    for name, learned in dict(phash='video', chromaprint='audio').items():
        np.testing.assert_array_equal(found[name].times, found[learned].times)
        assert found[name].feat.shape == (len(found[name].times), 128)
    denser = features(video, stride=0.5)
    np.testing.assert_array_equal(found['phash'].feat, denser['phash'].feat[::2])
    # Chromaprint's numbers, of which a part sees only its own sound, do not depend on the parts
    parts = features(video, batch_size=3)
    assert alike(parts['chromaprint'].feat, found['chromaprint'].feat) > 0.9
    np.testing.assert_array_equal(parts['phash'].feat, found['phash'].feat)


@needs_fpcalc
def test_sound_alone_and_a_silent_video(video, tmp_path, make_distinct):
    ((_, found),) = embed_media(
        chunk_embedder('shipped', descriptors=('phash', 'chromaprint')), [str(video)], ('audio',)
    )
    assert found.keys() == {'audio', 'chromaprint'}
    mute = make_distinct(tmp_path / 'mute.mp4', 3, end=6, sound=False)
    found = features(mute)
    assert not found['chromaprint'].feat.any() and not found['chromaprint'].has_audio.any()
