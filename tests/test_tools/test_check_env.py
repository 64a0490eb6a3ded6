import os
import runpy
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / 'tools/check_env.py'


@pytest.mark.slow
def test_says_what_works():
    run = subprocess.run(
        [sys.executable, TOOL],
        env={**os.environ, 'PYTHONPATH': str(TOOL.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = {line[6:26].strip(): line[:6].strip() for line in run.stdout.splitlines()}
    for name in ('mmcv', 'plugin', 'write a video', 'decode: pyav', 'log-mel'):
        assert lines[name] == 'ok', run.stdout
    assert lines['build the model'] == lines['one training step'] == 'ok', run.stdout
    assert len(run.stdout.splitlines()) <= 24  # one screen
    failing = 'FAILS' in lines.values()
    assert run.returncode == failing and ('not ready' if failing else '\nready') in run.stdout


def test_says_what_to_do(monkeypatch, capsys):
    tool = runpy.run_path(str(TOOL))

    def old(name):
        return '1.0' if name == 'torch' else version(name)

    monkeypatch.setitem(tool['packages'].__globals__, 'requires', lambda name: ['torch>=2.0'])
    monkeypatch.setitem(tool['packages'].__globals__, 'is_installed', lambda name: True)
    assert tool['check']('packages', tool['packages'])
    monkeypatch.setitem(tool['packages'].__globals__, 'version', old)
    assert not tool['check']('packages', tool['packages'])
    assert "torch is 1.0: pip install 'torch>=2.0'" in capsys.readouterr().out
    with pytest.raises(tool['Missing'], match='keep one'):
        tool['mmcv']()
