from dataclasses import replace

import numpy as np
import pytest

from avtss_mm.toy import CLASSES, FPS, TIMBRES, make_world, render_frames
from avtss_mm.toy.motions import Impact


def film(world, size=96):
    return np.stack(list(render_frames(world, size)))


@pytest.mark.parametrize('label', range(0, len(CLASSES), 5))
def test_frames(label):
    world = make_world(label, np.random.SeedSequence([1]), duration=1.0)
    frames = film(world)
    assert frames.shape == (FPS, 96, 96, 3) and frames.dtype == np.uint8
    np.testing.assert_array_equal(frames, film(world))
    assert np.all(np.abs(np.diff(frames.astype(int), axis=0)).max(axis=(1, 2, 3)) > 20)


@pytest.mark.parametrize('label', range(len(TIMBRES)))
def test_a_blow_shows_after_it_only_and_fades(label):
    world = make_world(label, np.random.SeedSequence([2]), duration=4.5)
    quiet = film(replace(world, impacts=[]))
    struck = film(replace(world, impacts=[Impact(1.0, 0.5, 0.6, 1.0)]))
    changed = (np.abs(struck.astype(int) - quiet) > 20).any(axis=-1).mean(axis=(1, 2))
    assert not changed[:FPS].any()
    assert changed[FPS : FPS + 8].min() > 0.002 and changed[FPS + 3] > 0.01
    assert changed[round(3.6 * FPS) :].max() == 0


def test_water_reaches_the_top_of_the_picture():
    world = make_world(0, np.random.SeedSequence([3]), duration=8.0)
    flooded = film(replace(world, level=np.full_like(world.level, 0.9)))
    dry = film(replace(world, level=np.full_like(world.level, 0.01)))
    rising = film(world)
    share = [
        np.mean(np.abs(rising[k].astype(int) - dry[k]).sum(axis=-1)
                > np.abs(rising[k].astype(int) - flooded[k]).sum(axis=-1))
        for k in (0, 100, 199)
    ]  # fmt: skip
    assert share[0] < share[1] - 0.15 < share[2] - 0.3


def test_materials_differ_in_shape_not_only_in_colour():
    world = make_world(0, np.random.SeedSequence([4]), duration=1.0)
    stills = [film(replace(world, impacts=[], label=k))[5].astype(int) for k in range(4)]
    for i in range(4):
        for j in range(i):
            assert (np.abs(stills[i] - stills[j]).max(axis=-1) > 20).mean() > 0.005


def test_size_is_only_resolution():
    world = make_world(4, np.random.SeedSequence([5]), duration=1.0)
    large = film(world, 256)[10].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert np.abs(large - film(world, 128)[10]).mean() < 12
