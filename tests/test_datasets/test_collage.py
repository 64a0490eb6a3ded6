"""Clips that are generated from pictures and sounds, and pictures that are distorted."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from avtss_mm.datasets.transforms import (
    FilmPicture,
    RandomDegradation,
    RandomFraming,
    RandomOverlay,
    SampleSameMoment,
)
from avtss_mm.datasets.transforms.compositing import blend
from avtss_mm.errors import MediaError, UsageError

RATE = 16000


@pytest.fixture(scope='module')
def media(tmp_path_factory):
    """A folder with a picture, a sprite, a long and a short sound."""
    folder = tmp_path_factory.mktemp('media')
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 8, 3), np.uint8)
    picture = cv2.resize(small, (256, 192), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(folder / 'picture.jpg'), picture)
    sprite = np.zeros((40, 60, 4), np.uint8)
    cv2.circle(sprite, (30, 20), 18, (10, 200, 90, 255), -1)
    cv2.imwrite(str(folder / 'sprite.png'), sprite)
    for name, seconds in (('long', 8), ('short', 1)):
        noise = rng.normal(0, 3000, seconds * RATE).astype(np.int16)
        wavfile.write(folder / f'{name}.wav', RATE, noise)
    return folder


@pytest.fixture
def film(media):
    def film(seed=0, shift=0.25, **options):
        np.random.seed(seed)
        sampler = SampleSameMoment(max_shift=shift, clip_len=3, video_fps=4, clip_duration=1.5)
        results = sampler(dict(filename=str(media / 'picture.jpg'), duration=4.0))
        return FilmPicture(str(media), str(media), **options)(results)

    return film


@pytest.mark.parametrize('seed', range(20))
def test_two_windows_nearly_coincide_inside_the_file(seed):
    np.random.seed(seed)
    sampler = SampleSameMoment(max_shift=0.2, clip_len=2, video_fps=4, clip_duration=2.0)
    results = sampler(dict(duration=2.1))
    (first, end), (second, last) = results['audio_windows']
    assert abs(first - second) <= 0.2 and min(first, second) >= 0
    assert max(end, last) <= 2.1 + 1e-9 and end - first == pytest.approx(2.0)


def test_a_film_moves_and_is_the_same_again(film):
    results, again, other = film(), film(), film(seed=1)
    assert len(results['imgs']) == 6 and results['img_shape'] == results['imgs'][0].shape[:2]
    assert min(results['img_shape']) == 112
    for name in ('imgs', 'audio_waveforms'):
        for mine, its in zip(results[name], again[name]):
            np.testing.assert_array_equal(mine, its)
    assert not np.array_equal(results['audio_waveforms'][0], other['audio_waveforms'][0])
    films = [film(seed)['imgs'] for seed in range(6)]
    assert sum(not np.array_equal(imgs[0], imgs[2]) for imgs in films) >= 4  # a few stand still


@pytest.mark.parametrize('seed', range(4))
def test_both_windows_are_of_one_film(film, seed):
    results = film(seed)
    starts = [round(start * RATE) for start, _ in results['audio_windows']]
    early, late = np.argsort(starts)
    shift = starts[late] - starts[early]
    first, second = (results['audio_waveforms'][place] for place in (early, late))
    np.testing.assert_array_equal(first[shift:], second[: len(second) - shift])
    assert results['has_audio'].all() and np.abs(first).max() <= 1


def test_folders_and_pictures_that_are_missing(media, tmp_path, film):
    with pytest.raises(UsageError, match='no .png files: make them with'):
        FilmPicture(str(tmp_path), str(media))
    with pytest.raises(MediaError, match='no picture'):
        transform = FilmPicture(str(media), str(media))
        transform(dict(filename=str(media / 'long.wav'), duration=4.0))
    with pytest.raises(MediaError, match='16000 Hz instead of 8000'):
        film(sample_rate=8000)


@pytest.fixture
def picture(media):
    """A frame of 80 x 80 pixels."""
    return cv2.resize(cv2.imread(str(media / 'picture.jpg')), (80, 80))


def framed(img, seed=0, **options):
    np.random.seed(seed)
    none = dict.fromkeys(('crop_prob', 'inset_prob', 'mirror_prob', 'turn_prob'), 0.0)
    return RandomFraming(80, **none | options)(dict(imgs=[img]))['imgs'][0].astype(int)


def difference(mine, its):
    return np.abs(mine[2:-2, 2:-2] - its[2:-2, 2:-2].astype(int)).mean()


def test_framing_by_one_map(picture):
    assert difference(framed(picture), picture) == 0
    mirrored = [framed(picture, seed, mirror_prob=1.0) for seed in range(8)]
    kinds = [picture[:, ::-1], picture[::-1, ::-1]]  # upside down in a third of them
    assert {min((0, 1), key=lambda k: difference(m, kinds[k])) for m in mirrored} == {0, 1}
    assert all(min(difference(m, kind) for kind in kinds) < 1 for m in mirrored)
    turned = [framed(picture, seed, turn_prob=1.0, max_angle=0.0) for seed in range(20)]
    quarters = [np.rot90(picture, k) for k in range(4)]
    assert all(min(difference(t, quarter) for quarter in quarters) < 1 for t in turned)
    assert any(difference(t, picture) > 5 for t in turned)


def test_a_crop_shows_a_part_larger(picture):
    found = []
    for seed in range(6):
        crop = framed(picture, seed, crop_prob=1.0, crop_area=(0.25, 0.25))
        small = cv2.resize(crop.astype(np.uint8), (40, 40), interpolation=cv2.INTER_AREA)
        found.append(cv2.matchTemplate(picture, small, cv2.TM_CCOEFF_NORMED).max())
    assert min(found) > 0.7 and max(found) > 0.9  # crops are stretched, too


def test_an_inset_shows_all_smaller(picture):
    sides = dict(inset_prob=1.0, inset_side=(0.5, 0.5))
    insets = [framed(picture, seed, **sides) for seed in range(12)]
    small = cv2.resize(picture, (40, 40), interpolation=cv2.INTER_AREA)
    scores = [
        cv2.matchTemplate(inset.astype(np.uint8), small, cv2.TM_CCOEFF_NORMED).max()
        for inset in insets
    ]
    assert sum(score > 0.9 for score in scores) >= 2  # the others are letterboxed on one side
    plain = [len(np.unique(inset.reshape(-1, 3), axis=0)) < 80 * 60 for inset in insets]
    assert all(plain)  # a ground of one colour around it


def test_overlays_cover_a_part(media, picture):
    def changed(seed, **probs):
        np.random.seed(seed)
        none = dict(text_prob=0.0, sprite_prob=0.0, frame_prob=0.0)
        transform = RandomOverlay(str(media), **none | probs)
        imgs = transform(dict(imgs=[picture, picture]))['imgs']
        np.testing.assert_array_equal(*imgs)  # the same on all frames
        return (imgs[0] != picture).any(axis=2).mean()

    assert changed(0) == 0
    for name in ('text_prob', 'sprite_prob', 'frame_prob'):
        shares = [changed(seed, **{name: 1.0}) for seed in range(10)]
        assert 0 < max(shares) and max(shares) < 0.9, name
        assert sum(share > 0 for share in shares) >= 7, name


@pytest.mark.parametrize('name', ['blur_prob', 'shrink_prob', 'jpeg_prob'])
def test_degraded_pictures_lose_detail(name):
    fine = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    none = dict(blur_prob=0.0, shrink_prob=0.0, jpeg_prob=0.0)
    np.random.seed(0)
    (same,) = RandomDegradation(**none)(dict(imgs=[fine]))['imgs']
    np.testing.assert_array_equal(same, fine)
    options = {name: 1.0}
    (less,) = RandomDegradation(**none | options, jpeg_quality=(5, 10))(dict(imgs=[fine]))['imgs']
    assert less.shape == fine.shape and less.std() < 0.95 * fine.std()


def test_a_thin_sprite_is_never_empty():
    line = np.full((2, 96, 4), 255, np.uint8)
    frame = np.zeros((80, 80, 3), np.uint8)
    drawn = blend(frame, line, (40.0, 40.0), extent=8.0)
    assert 0 < (drawn > 0).any(axis=2).sum() <= 8 * 3
