import os
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
    middle = ['3', '-', '-']
    for name, half, outcome in (
        ('by hand', 'fast', 'x'),
        ('oldest', 'fast', 'x'),
        ('by hand', 'all', 'x'),
        ('by hand', 'fast', 'y'),
    ):
        TOOL['write_row']([name, *middle, half, outcome])
    assert table.read_text() == TOOL['HEAD'] + (
        '| oldest | 3 | - | - | fast | x |\n'
        '| by hand | 3 | - | - | all | x |\n'
        '| by hand | 3 | - | - | fast | y |\n'
    )


def test_unknown_environment(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['test_matrix.py', 'tomorrow'])
    with pytest.raises(SystemExit, match='no environment tomorrow: oldest, '):
        TOOL['main']()


def test_python_that_is_only_a_name_is_left_out(tmp_path, monkeypatch, capsys):
    (tmp_path / 'python3.13').write_text('#!/bin/sh\nexit 127\n')
    (tmp_path / 'python3.13').chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sys, 'argv', ['test_matrix.py', 'by hand'])
    with pytest.raises(SystemExit) as stopped:
        TOOL['main']()
    assert stopped.value.code == 0
    assert capsys.readouterr().out == 'by hand: no python3.13 that runs, left out\n'


def test_outcome_is_what_pytest_or_pip_says_last():
    ends = '\nmake: *** [Makefile:47: test] Error 1\n'
    outcomes = {
        'FAILED a\n1 failed, 23 passed in 4.50s' + ends: '1 failed, 23 passed in 4.50s',
        '24 passed, 2 skipped in 90.10s (0:01:30)\n': '24 passed, 2 skipped in 90.10s',
        'Collecting x\nERROR: No matching version of x' + ends: 'ERROR: No matching version of x',
        '': 'no output',
    }
    assert {log: TOOL['summary'](log) for log in outcomes} == outcomes
