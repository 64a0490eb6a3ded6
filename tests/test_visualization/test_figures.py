"""A picture that cannot be written to its end leaves the old one, and no draft."""

from __future__ import annotations

import os

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from avtss_mm.datasets.transforms import UniformSampleAVClips
from avtss_mm.fingerprint.benchmark import figure as robustness
from avtss_mm.study.report.figure import draw_study
from avtss_mm.study.report.gains import draw_gains
from avtss_mm.visualization import draw_curves, draw_curves_of_runs, draw_sample

SCALARS = dict(loss_v2a=(np.arange(2.0), np.ones(2)))
SAMPLE = UniformSampleAVClips(1)(dict(duration=3.0, filename='a.mp4'))
ROW = dict(family='codec', distortion='crf', affects='v', headline=True, modality='v')
ROWS = [{**ROW, 'severity': severity, 'R@1': 0.5} for severity in (1, 2)]
SCALE = dict(videos=(1, 2), gains=dict(it=('a', 'b')), figures=('knn',), levels=())
DRAW = dict(
    draw_heat_maps=lambda path: robustness.draw_heat_maps(ROWS, path),
    draw_severity_curves=lambda path: robustness.draw_severity_curves(dict(ours=ROWS), path),
    draw_curves=lambda path: draw_curves(SCALARS, {}, path),
    draw_curves_of_runs=lambda path: draw_curves_of_runs(dict(a=(SCALARS, {})), path),
    draw_sample=lambda path: draw_sample(SAMPLE, path),
    draw_gains=lambda path: draw_gains(SCALE, {}, {}, path),
    draw_study=lambda path: draw_study(dict(knn=dict(a={0: 0.5})), {}, ['a'], path),
)


@pytest.mark.parametrize('draw', DRAW.values(), ids=DRAW)
def test_a_full_disk(tmp_path, monkeypatch, draw):
    path = tmp_path / 'picture.png'
    draw(path)
    whole = path.read_bytes()

    def fill_disk(figure, file, **options):
        with open(file, 'wb') as stream:
            stream.write(b'half')
        raise OSError('disk full')

    monkeypatch.setattr(Figure, 'savefig', fill_disk)
    with pytest.raises(OSError, match='disk full'):
        draw(path)
    assert path.read_bytes() == whole and os.listdir(tmp_path) == ['picture.png']
    assert not plt.get_fignums()
