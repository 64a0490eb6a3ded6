"""The figures of the benchmark are written and show what they should."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from avtss_mm.fingerprint.benchmark import figure as robustness


def rows(modalities=('v', 'a', 'av'), severities=(1, 2, 3)):
    names = [('codec', 'crf', 'v', True), ('time', 'speed', 'av', False), ('audio', 'mp3', 'a', 1)]
    return [
        dict(
            family=family, distortion=name, affects=affects, headline=bool(headline),
            severity=severity, modality=modality, **{'R@1': 1 - severity / 4},
        )
        for family, name, affects, headline in names
        for severity in severities
        for modality in modalities
    ]  # fmt: skip


@pytest.fixture
def canvas(monkeypatch):
    """Captures the figure that a function saves and closes."""
    kept = []
    monkeypatch.setattr(plt, 'close', kept.append)
    yield kept
    monkeypatch.undo()
    plt.close('all')


@pytest.mark.parametrize('modalities', [('v', 'a', 'av'), ('v',)])
def test_heat_map_has_a_panel_a_modality(tmp_path, canvas, modalities):
    table = rows(modalities)
    table[0]['R@1'] = np.nan
    robustness.draw_heat_maps(table, tmp_path / 'map.png')
    assert (tmp_path / 'map.png').stat().st_size > 5000
    panels = [axis for axis in canvas[0].axes if axis.images]
    assert [axis.get_title() for axis in panels] == [robustness.TITLES[m] for m in modalities]
    values = panels[0].images[0].get_array()
    assert values.shape == (3, 3) and values[1].tolist() == [0.75, 0.5, 0.25]
    texts = [text.get_text() for text in panels[0].texts[:9]]
    assert texts[:3] == ['-', '50', '25']
    assert [tick.get_text() for tick in panels[0].get_yticklabels()] == ['crf', 'speed *', 'mp3']


def test_curves_leave_out_what_is_not_affected(tmp_path, canvas):
    tables = dict(ours=rows(), random=rows(('v',), (1, 2)))
    robustness.draw_severity_curves(tables, tmp_path / 'curves.png')
    panels = {axis.get_title(): axis for axis in canvas[0].axes if axis.lines}
    assert set(panels) == {'codec', 'time *', 'audio'}
    lines = {title: len(axis.lines) for title, axis in panels.items()}
    assert lines == {'codec': 3, 'time *': 4, 'audio': 2}
    names = [text.get_text() for text in canvas[0].legends[0].get_texts()]
    assert names[:2] == ['picture, ours', 'picture, random'] and 'picture and sound, ours' in names


def test_a_lone_severity_makes_no_curve(tmp_path):
    robustness.draw_severity_curves(dict(ours=rows(severities=(1,))), tmp_path / 'curves.png')
    assert not (tmp_path / 'curves.png').exists()
