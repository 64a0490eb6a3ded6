import numpy as np
import pytest

from avtss_mm.toy.motions import FLOOR, GRAVITY, LEFT, MOTIONS, RIGHT, Scene

DURATION, FPS = 8.0, 25
HALF = np.array([0.12, 0.1])


def run(name, seed=0, fps=FPS):
    times = np.arange(int(DURATION * fps)) / fps
    return times, MOTIONS[name](Scene(np.random.default_rng(seed), times, DURATION, HALF))


@pytest.mark.parametrize('name', MOTIONS)
def test_blows_thin_out(name):
    counts = np.zeros(2)
    for seed in range(12):
        at = np.array([impact.time for impact in run(name, seed)[1].impacts])
        counts += (at > 0).sum() - (at > 4).sum(), ((at > 4) & (at < 8)).sum()
    assert counts[0] > 1.15 * counts[1] > 12 * 4  # at least one a second


@pytest.mark.parametrize('name', MOTIONS)
def test_objects_stay_on_stage(name):
    for seed in range(5):
        _, motion = run(name, seed)
        x, y = motion.poses[..., 0], motion.poses[..., 1]
        assert np.nanmax(y) <= FLOOR - HALF[1] + 1e-6
        if name == 'slide':
            assert np.nanmin(x) >= LEFT + HALF[0] - 1e-6
            assert np.nanmax(x) <= RIGHT - HALF[0] + 1e-6
        strengths = [impact.strength for impact in motion.impacts]
        assert 0 < min(strengths) and max(strengths) <= 1.1


@pytest.mark.parametrize('name', ['bounce', 'drop'])
def test_free_fall_is_gravity(name):
    times, motion = run(name, fps=200)
    height = motion.poses[:, 0, 1]
    pull = np.diff(height, 2) * 200**2
    flying = ~np.isnan(pull) & (height[2:] < FLOOR - HALF[1] - 0.02)
    assert flying.sum() > 200
    # Only a few steps hold a blow or the appearance of the next object.
    assert np.mean(np.abs(pull[flying] - GRAVITY) < 1e-3) > 0.97


def test_bounces_happen_on_the_ground_and_lose_energy():
    times, motion = run('bounce', fps=1000)
    inside = [impact for impact in motion.impacts if 0 < impact.time < times[-1]]
    for impact in inside:
        x, y, _ = motion.poses[round(impact.time * 1000), 0]
        assert y == pytest.approx(FLOOR - HALF[1], abs=5e-3)
        assert x == pytest.approx(impact.x, abs=5e-3)
    gaps = np.diff([impact.time for impact in motion.impacts])
    strengths = np.array([impact.strength for impact in motion.impacts])
    weaker = strengths[1:] < strengths[:-1]
    assert weaker.mean() > 0.6
    # Within a row of bounces each flight is shorter than the one before.
    assert np.all(gaps[1:][weaker[:-1] & weaker[1:]] < gaps[:-1][weaker[:-1] & weaker[1:]])


def test_sliding_slows_down_between_blows():
    times, motion = run('slide', fps=500)
    speed = np.abs(np.diff(motion.poses[:, 0, 0])) * 500
    blows = np.array([impact.time for impact in motion.impacts])
    away = np.abs(times[1:, None] - blows).min(axis=1) > 0.01
    change = np.diff(speed)[away[1:] & away[:-1]]
    assert change.max() < 1e-6 and change.min() < -1e-4


def test_pendulums_meet_at_each_blow():
    times, motion = run('swing', fps=1000)
    gap = motion.poses[:, 1, 0] - motion.poses[:, 0, 0]
    for impact in motion.impacts:
        if 0 < impact.time < times[-1]:
            assert gap[round(impact.time * 1000)] == pytest.approx(2 * HALF[0], abs=6e-3)
    assert gap.min() > 2 * HALF[0] - 1e-6
    gaps = np.diff([impact.time for impact in motion.impacts if impact.time > 0])
    assert np.all(np.diff(gaps) >= -1e-9) and gaps[-1] > 1.1 * gaps[0]
