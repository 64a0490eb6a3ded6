"""Image transforms of mmaction2 and mmcv, applied to one clip or one frame at a time."""

from __future__ import annotations

import numpy as np
import pytest
from mmengine.runner import set_random_seed

from avtss_mm.datasets.transforms import PerClip, PerFrame, PhotometricJitter

RESIZE = dict(type='Resize', scale=(32, 32), keep_ratio=False)
GRAY = dict(
    type='TransformBroadcaster',
    mapping=dict(img='imgs'),
    auto_remap=True,
    share_random_params=True,
    transforms=[dict(type='mmcv.RandomGrayscale', prob=0.5, keep_channels=True)],
)
CHAINS = {
    'crop': [dict(type='RandomResizedCrop'), RESIZE],
    'rescale': [dict(type='RandomRescale', scale_range=(40, 80)), RESIZE],
    'multi-scale crop': [dict(type='MultiScaleCrop', input_size=32, scales=(1, 0.8)), RESIZE],
    'square crop': [dict(type='RandomCrop', size=32), dict(type='Flip', flip_ratio=0.5)],
    'centre': [dict(type='CenterCrop', crop_size=32), dict(type='Flip', flip_ratio=0.5)],
    'mmaction colour': [RESIZE, dict(type='ColorJitter')],
    'torchvision': [RESIZE, dict(type='TorchVisionWrapper', op='RandomHorizontalFlip')],
    'mmcv grey': [RESIZE, GRAY],
    'colour': [RESIZE, dict(type='PhotometricJitter')],
}


@pytest.fixture
def results():
    """Eight clips of four equal frames: one draw per clip keeps them equal."""
    set_random_seed(0)  # the transforms draw from random, numpy and torch
    img = np.random.randint(0, 255, (48, 64, 3), dtype=np.uint8)
    imgs = [img.copy() for _ in range(32)]
    return dict(imgs=imgs, num_clips=8, clip_len=4, img_shape=(48, 64), modality='RGB', label=3)


def number_of_kinds(imgs) -> int:
    return len({img.tobytes() for img in imgs})


@pytest.mark.parametrize('chain', CHAINS)
def test_frames_of_a_clip_share_a_draw_and_clips_do_not(results, chain):
    results = PerClip(CHAINS[chain])(results)
    imgs = results['imgs']
    assert len(imgs) == 32 and results['num_clips'] == 8 and results['clip_len'] == 4
    assert {img.shape for img in imgs} == {(32, 32, 3)} and results['img_shape'] == (32, 32)
    assert all(number_of_kinds(imgs[i : i + 4]) == 1 for i in range(0, 32, 4))
    assert number_of_kinds(imgs) > 1


def test_clips_keep_their_order_and_other_keys(results):
    for index, img in enumerate(results['imgs']):
        img[:] = index
    results = PerClip([RESIZE])(results)
    assert [img[0, 0, 0] for img in results['imgs']] == list(range(32))
    assert results['label'] == 3 and 'scale_factor' not in results


def test_crops_that_multiply_the_frames_are_refused(results):
    with pytest.raises(ValueError, match='ThreeCrop after it'):
        PerClip([dict(type='ThreeCrop', crop_size=48)])(results)


@pytest.mark.parametrize('transform', [dict(type='ColorJitter'), dict(type='PhotometricJitter')])
def test_per_frame_draws_for_each_frame_with_its_probability(results, transform):
    original = results['imgs'][0].tobytes()
    imgs = PerFrame([transform], prob=0.5)(dict(results))['imgs']
    kept = [img.tobytes() == original for img in imgs]
    assert 4 < sum(kept) < 28
    assert number_of_kinds(imgs) == 1 + 32 - sum(kept)
    assert number_of_kinds(PerFrame([transform], prob=0)(results)['imgs']) == 1


def apply(imgs, **options):
    nothing = dict(brightness=0, contrast=0, saturation=0, hue=0, gray_prob=0)
    return PhotometricJitter(**{**nothing, **options})(dict(imgs=list(imgs)))['imgs']


def test_jitter_options_do_what_they_say(results):
    img = results['imgs'][0]
    np.testing.assert_array_equal(apply([img])[0], img)
    np.testing.assert_array_equal(apply([img], invert_prob=1)[0], 255 - img)
    np.testing.assert_array_equal(apply([img], gray_prob=1, prob=0)[0], img)
    gray = apply([img], gray_prob=1)[0]
    np.testing.assert_allclose(gray[..., 0], img @ [0.299, 0.587, 0.114], atol=1)
    assert (gray == gray[..., :1]).all()
    noisy = [apply([img], noise_std=20)[0].astype(int) - img for _ in range(30)]
    middle = (img > 60) & (img < 195)
    stds = [noise[middle].std() for noise in noisy]
    assert max(stds) < 21 and max(stds) > 10 and min(stds) < 10


def test_jitter_contrast_keeps_the_mean_and_brightness_scales_it():
    np.random.seed(0)
    img = np.random.randint(100, 140, (32, 32, 3), dtype=np.uint8)
    means = [apply([img], contrast=0.5)[0].mean() for _ in range(20)]
    spreads = [apply([img], contrast=0.5)[0].std() / img.std() for _ in range(20)]
    np.testing.assert_allclose(means, img.mean(), atol=1.5)
    assert 0.45 < min(spreads) < 0.8 and 1.2 < max(spreads) < 1.55
    means = [apply([img], brightness=0.5)[0].mean() / img.mean() for _ in range(20)]
    assert 0.49 < min(means) < 0.8 and 1.2 < max(means) < 1.51


def test_jitter_hue_turns_colours_and_leaves_grey():
    red = np.full((4, 4, 3), (200, 60, 60), np.uint8)
    grey = np.full((4, 4, 3), 120, np.uint8)
    np.random.seed(0)
    turned = [apply([red], hue=0.5)[0][0, 0].argmax() for _ in range(30)]
    assert set(turned) == {0, 1, 2}
    np.testing.assert_array_equal(apply([grey], hue=0.5)[0], grey)


def test_jitter_draws_for_a_group_or_a_frame(results):
    assert number_of_kinds(apply(results['imgs'], brightness=0.4)) == 1
    assert number_of_kinds(apply(results['imgs'], brightness=0.4, per_frame=True)) > 16
    assert number_of_kinds(apply(results['imgs'], noise_std=30)) == 32


def test_jitter_noise_follows_numpys_seed(results):
    both = []
    for _ in range(2):
        np.random.seed(5)
        both.append(apply(results['imgs'], noise_std=10))
    np.testing.assert_array_equal(*both)
