"""Whitening fitted to given features."""

import numpy as np
import pytest

from avtss_mm.fingerprint.matching.whitening import Whitening, whiten_rows


def narrow(rng, number, dim=12):
    """Features in a narrow cone that is elongated in one direction."""
    return 5 + rng.normal(size=(number, dim)) * np.linspace(0.05, 1, dim) ** 2


def similarity(vectors):
    return (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]


def test_unrelated_features_are_alike_to_zero_in_every_direction():
    rng = np.random.default_rng(0)
    known, others = narrow(rng, 500), narrow(rng, 200)
    plain = others / np.linalg.norm(others, axis=1, keepdims=True)
    assert similarity(plain).mean() > 0.9
    white = Whitening.of(known)(others)
    assert np.linalg.norm(white, axis=1) == pytest.approx(1, abs=1e-5)
    assert abs(similarity(white).mean()) < 0.02 and similarity(white).std() < 0.45
    spread = np.linalg.eigvalsh(np.cov(white.T))
    assert np.linalg.eigvalsh(np.cov(plain.T))[-6] < 0.1 * np.linalg.eigvalsh(np.cov(plain.T))[-1]
    assert spread[-6] > 0.5 * spread[-1]


@pytest.mark.parametrize('number', [2, 5, 40])
def test_few_or_equal_features_blow_nothing_up(number):
    rng = np.random.default_rng(1)
    known = narrow(rng, number, dim=64)
    near = known + rng.normal(0, 0.01, known.shape)
    white = Whitening.of(known)
    assert (white(known) * white(near)).sum(axis=1).min() > 0.75
    same = Whitening.of(np.ones((number, 64)))
    assert np.isfinite(same(near)).all()


def test_rows_are_whitened_by_the_gallery_alone():
    rng = np.random.default_rng(2)
    sound = np.arange(30) < 20
    features = np.where(sound[:, None], narrow(rng, 30), 1e3 * rng.normal(size=(30, 12)))
    gallery = [dict(name='a', x=features, there=sound), dict(name='b')]
    rows = [dict(name='q', x=narrow(rng, 4)), dict(name='r')]
    first, second = whiten_rows(rows, gallery, 'x', 'there')
    assert second == dict(name='r') and first['name'] == 'q'
    assert first['x'] == pytest.approx(Whitening.of(features[sound])(rows[0]['x']))
    assert whiten_rows(rows, [dict(name='b')], 'x') == rows
