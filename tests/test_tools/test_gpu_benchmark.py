"""The table of a GPU, tried on the CPU: what it says, and that a row that fails stops no other."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import time
from types import SimpleNamespace

import pytest
from helpers.commands import ROOT, tool

pytestmark = pytest.mark.slow
TOOL = 'benchmarks/gpu.py'


def test_it_writes_one_table(tmp_path):
    names = ('machine', 'bf16', 'nccl', 'speed')
    options = ('--device', 'cpu', '--repeat', 1, '--out', tmp_path)
    done = tool(TOOL, *options, '--only', *names, 'sync_bn')
    (title, rows), *others = json.loads((tmp_path / 'gpu.json').read_text())['tables'].items()
    assert not others and title.startswith('CPU, only to try the script')
    assert {row['row'] for row in rows} == set(names)  # sync_bn needs a GPU
    assert not any('failed' in row['what'] for row in rows)
    for number, name in enumerate(names, start=1):
        assert f'[ {number}/4] {name} ... done (' in done.stdout
        assert f'| {name} | ' in (tmp_path / 'gpu.md').read_text()
    found = {(row['row'], row['what']): row['value'] for row in rows}
    plain = found['bf16', 'sum of losses in float32 (TF32 in convolutions)']
    assert found['nccl', 'sum of losses'] == plain != found['bf16', 'sum of losses']
    assert found['bf16', 'sum of losses'] == pytest.approx(plain, rel=0.05)
    assert found['speed', 'videos a second'] == pytest.approx(
        4 * found['speed', 'steps a second'], rel=1e-6
    )


def test_without_a_gpu_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    done = tool(TOOL, '--out', tmp_path / 'out', check=False)
    assert done.returncode == 1 and not (tmp_path / 'out').exists()
    assert done.stderr.startswith('error: torch finds no GPU here') and done.stderr.count('\n') == 1


def breaks(setting):
    yield 'first', 1.0, 's'
    raise ValueError('too\nlarge')


def dies(setting):
    yield 'first', 1.0, 's'
    os._exit(3)


def hangs(setting):
    child = subprocess.Popen(['sleep', '60'])
    yield 'child', child.pid, ''
    time.sleep(60)


@pytest.fixture
def lines_of(monkeypatch, tmp_path):
    """``lines_of(row)``: the lines of a function of this module, as those of a row."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/benchmarks'))
    import gpu

    monkeypatch.setattr(gpu, 'ROWS', {name: (__name__, 2) for name in ('breaks', 'dies', 'hangs')})
    context = multiprocessing.get_context('fork')
    return lambda name: gpu.lines_of(name, SimpleNamespace(), context, 60, tmp_path)


@pytest.mark.parametrize(
    'row,reason',
    [('breaks', r'ValueError: too\nlarge'), ('dies', 'its process ended with status 3')],
)
def test_a_row_that_fails_keeps_what_it_had_measured(lines_of, row, reason):
    first, last = lines_of(row)
    assert first == dict(row=row, what='first', value=1.0, unit='s')
    assert last == dict(row=row, what='**failed**', value=reason, unit='')


def test_a_row_that_takes_too_long_is_ended_with_its_children(lines_of):
    child, last = lines_of('hangs')
    assert last['value'] == 'not done after 2 s'
    for _ in range(50):
        if not is_running(child['value']):
            break
        time.sleep(0.1)
    assert not is_running(child['value'])


def is_running(pid):
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
