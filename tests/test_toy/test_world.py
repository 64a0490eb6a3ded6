import numpy as np
import pytest

from avtss_mm.toy import CLASSES, FPS, MOTIONS, TIMBRES, make_world


def world(label=0, seed=0, **kwargs):
    return make_world(label, np.random.SeedSequence([seed]), **kwargs)


def test_classes_are_motion_times_timbre():
    assert len(CLASSES) == len(MOTIONS) * len(TIMBRES) >= 16
    for label, name in enumerate(CLASSES):
        made = world(label, duration=2)
        assert f'{made.motion}-{made.timbre}' == name


def test_seed_decides_everything():
    one, same, other = world(seed=3), world(seed=3), world(seed=4)
    assert one.impacts == same.impacts
    np.testing.assert_array_equal(one.poses, same.poses)
    np.testing.assert_array_equal(one.bubbles, same.bubbles)
    assert one.impacts != other.impacts and one.level[0] != other.level[0]


@pytest.mark.parametrize('duration', [6.0, 8.0, 9.99])
def test_frames_fill_the_duration(duration):
    made = world(duration=duration)
    assert len(made.times) == len(made.poses) == len(made.level) == int(duration * FPS)
    assert duration - 1 / FPS < made.duration <= duration


def test_water_rises_all_along():
    for seed in range(20):
        level = world(seed=seed).level
        assert np.all(np.diff(level) > 0)
        assert 0 < level[0] < 0.2 and 0.7 < level[-1] < 1


def test_bubbles_burst_at_the_surface():
    made = world(duration=8)
    assert len(made.bubbles) > 10
    for birth, _, _, burst in made.bubbles:
        if 0 <= burst < made.times[-1]:
            level = np.interp(burst, made.times, made.level)
            assert 0.3 * (burst - birth) == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize('kwargs', [{'label': -1}, {'label': 16}, {'duration': 0.5}])
def test_out_of_range(kwargs):
    with pytest.raises(ValueError, match='must be'):
        world(**kwargs)
