"""Import paths of 0.1 still work."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import avtss_mm
from avtss_mm.media import available_backends
from avtss_mm.moved import MOVED

LINES = Path(__file__).with_name('public_paths_0_1.txt').read_text().splitlines()


@pytest.mark.filterwarnings('ignore:.*0.3 drops:DeprecationWarning')
@pytest.mark.parametrize('line', LINES, ids=lambda line: line.partition(':')[0])
def test_every_old_path_is_there(line):
    path, _, names = line.partition(': ')
    if path.endswith('_backend'):  # the library of a backend is the user's choice
        backend = path.removeprefix('media.').removesuffix('_backend')
        if backend not in available_backends():
            pytest.skip(f'{backend} does not load')
    module = importlib.import_module(f'avtss_mm.{path}')
    assert not [name for name in names.split() if not hasattr(module, name)]


@pytest.mark.parametrize('old', MOVED)
def test_a_moved_module_is_the_one_at_its_new_place(old, monkeypatch):
    monkeypatch.delitem(sys.modules, f'avtss_mm.{old}', raising=False)
    with pytest.warns(DeprecationWarning, match=f'{MOVED[old]}; 0.3 drops'):
        module = importlib.import_module(f'avtss_mm.{old}')
    assert module is importlib.import_module(f'avtss_mm.{MOVED[old]}')


def test_old_paths_work_in_a_fresh_process():
    code = 'from avtss_mm.utils.whole_file import written_whole; print(written_whole.__module__)'
    printed = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert printed.stdout.strip() == 'avtss_mm.files.whole_file', printed.stderr


def test_old_paths_go_with_the_release_that_was_announced():
    assert tuple(map(int, avtss_mm.__version__.split('.')[:2])) < (0, 3)
