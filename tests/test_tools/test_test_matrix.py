import runpy
import sys

import pytest
from helpers.commands import ROOT

TOOL = runpy.run_path(str(ROOT / 'tools/test_matrix.py'))


def test_lower_bounds_are_those_of_setup():
    bounds = TOOL['lower_bounds']()
    assert {'torch==2.6.*', 'mmcv-lite==2.0.1.*', 'numpy==1.26.*', 'librosa==0.10.*'} <= {*bounds}


def test_rows_are_replaced_and_keep_their_order(tmp_path, monkeypatch):
    table = tmp_path / 'table.md'
    monkeypatch.setitem(TOOL['write_row'].__globals__, 'TABLE', table)
    for row in (['by hand', 'x'], ['oldest', 'x'], ['by hand', 'y']):
        TOOL['write_row'](row)
    assert table.read_text() == TOOL['HEAD'] + '| oldest | x |\n| by hand | y |\n'


def test_unknown_environment(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['test_matrix.py', 'tomorrow'])
    with pytest.raises(SystemExit, match='no environment tomorrow: oldest, '):
        TOOL['main']()
