"""Gains of parts with known results."""

import pytest
from matplotlib import pyplot as plt

from avtss_mm.study.report.gains import draw_gains, gain_lines

KNN = {
    'base_10': {0: 0.5, 1: 0.5},
    'part_10': {0: 0.5, 1: 0.7, 2: 0.9},  # seed 2 has nothing to be compared with
    'base_40': {0: 0.6},
    'part_40': {0: 0.4},
}
SCALE = dict(videos=(10, 40, 160), gains=dict(it=('part', 'base')), figures=('knn',), levels=())


VALUES = dict(knn=KNN, purity={'part_10': {0: 0.3}, 'base_40': {0: 0.2, 1: 0.4}})


def test_gains_are_paired_by_seed():
    _, title, _, table = gain_lines(SCALE, VALUES)
    header, _, row = table.splitlines()
    assert title == 'Gain in `knn` by number of training videos (± standard error):'
    assert header == '| | 10 | 40 | 160 |'
    assert row == '| it | +0.100 ± 0.100 | -0.200 | - |'  # the deviation of 0 and 0.2 is 0.141


def test_figure(tmp_path, monkeypatch):
    drawn, close = [], plt.close
    monkeypatch.setattr(plt, 'close', drawn.append)
    draw_gains({**SCALE, 'levels': ('purity',)}, VALUES, dict(purity=0.1), tmp_path / 'scale.png')
    close(drawn[0])  # its axes stay
    upper, lower = drawn[0].axes
    assert (tmp_path / 'scale.png').stat().st_size > 10_000
    assert upper.get_xscale() == lower.get_xscale() == 'log'
    (bars,) = upper.containers
    assert bars.lines[0].get_ydata() == pytest.approx([0.1, -0.2])
    assert bars.get_label() == 'it'
    levels = {bars.get_label(): bars.lines[0].get_ydata() for bars in lower.containers}
    assert levels['part'] == pytest.approx([0.3]) and levels['base'] == pytest.approx([0.3])
    assert lower.lines[-1].get_ydata() == [0.1, 0.1]  # chance
