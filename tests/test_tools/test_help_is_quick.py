"""Tools answer a wrong flag, or ``--help``, before torch is imported, which takes seconds."""

import subprocess
import sys

import pytest
from helpers.commands import ROOT

pytestmark = pytest.mark.slow

TOOLS = sorted(
    str(path.relative_to(ROOT / 'tools'))
    for path in ROOT.glob('tools/**/*.py')
    if "if __name__ == '__main__':" in path.read_text(encoding='utf-8')
)
RUN = """
import os, runpy, sys
path = sys.argv[1]
sys.path[0] = os.path.dirname(path)  # as `python FILE` does
sys.modules['torch'] = None  # its import fails
for flag, status in (('--help', None), ('--no-such-flag', 2)):
    sys.argv = [path, flag]
    try:
        runpy.run_path(path, run_name='__main__')
    except SystemExit as end:
        assert (end.code or None) == status, end
    else:
        sys.exit(f'no answer to {flag}')
"""


def test_all_tools_are_found():
    assert {'train.py', 'data/build_manifest.py', 'benchmarks/gpu.py'} < set(TOOLS)


@pytest.mark.parametrize('name', TOOLS)
def test_help_and_wrong_flags_need_no_torch(name):
    command = [sys.executable, '-c', RUN, ROOT / 'tools' / name]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert 'usage: ' in answer.stdout and 'error: ' in answer.stderr
