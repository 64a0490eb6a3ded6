"""Tools that prepare data answer a wrong flag, or ``--help``, before anything slow is imported."""

import subprocess
import sys

import pytest
from helpers.commands import ROOT

pytestmark = pytest.mark.slow

NEEDS_TORCH = {'film_pictures.py'}  # its scenes are transforms
TOOLS = sorted({path.name for path in ROOT.glob('tools/data/*.py')} - NEEDS_TORCH)
RUN = """
import os, runpy, sys
sys.path[0] = os.path.dirname(sys.argv[1])  # as `python FILE` does
sys.modules['torch'] = None  # its import fails
runpy.run_path(sys.argv[1], run_name='__main__')
"""


@pytest.mark.parametrize('name', TOOLS)
def test_help_and_wrong_flags_need_no_torch(name):
    for flag, status, words in (('--help', 0, 'usage: '), ('--no-such-flag', 2, 'error: ')):
        command = [sys.executable, '-c', RUN, ROOT / 'tools/data' / name, flag]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert answer.returncode == status, answer.stderr
        assert words in answer.stdout + answer.stderr
