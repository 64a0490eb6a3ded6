"""A few seconds of the endurance run, and what it measures of a process."""

import json
import mmap
import subprocess
import sys
import tempfile

from helpers.commands import ROOT, tool
from helpers.own_process import in_own_process

sys.path.append(str(ROOT / 'tools/faults'))

import pytest
from process_tree import usage  # noqa: E402

pytestmark = pytest.mark.slow


CHILD = "x = bytearray(200 << 20); x[::4096] = b'x' * len(x[::4096]); open('/dev/null'); input()"


@in_own_process  # other tests' processes may end meanwhile
def test_usage_is_of_all_processes_below():
    before = usage(subprocess.os.getpid())
    child = subprocess.Popen([sys.executable, '-c', CHILD.replace('input', 'print(1, flush=True); '
                              'input')], stdin=-1, stdout=-1)  # fmt: skip
    child.stdout.readline()
    with tempfile.TemporaryFile(dir='/dev/shm') as file:
        file.truncate(8_000_000)
        with mmap.mmap(file.fileno(), 8_000_000) as shared:
            shared[:1] = b'x'
            during = usage(subprocess.os.getpid())
    child.communicate(b'\n')
    after = usage(subprocess.os.getpid())
    assert during['processes'] == before['processes'] + 1 == after['processes'] + 1
    assert 190 < during['anon_mb'] - before['anon_mb'] < 400
    assert 7.9 < during['shm_mb'] - before['shm_mb'] < 8.2
    assert during['fds'] >= before['fds'] + 4
    assert after['cpu_s'] > before['cpu_s']  # with that of the child, which has ended


def test_queries(tmp_path):
    options = ['--hours', 0, '--queries', 6, '--every', 0.5, '--videos', 3, '--bad', 0.5]
    result = tool('faults/endurance.py', '--out', tmp_path, *options)
    report = json.loads((tmp_path / 'endurance_query.json').read_text())
    assert (
        report['lost'] == 0
        and report['answered'] + report['refused by name'] == 6 > report['answered'] > 0
    )
    samples = report['samples']
    assert samples[-1]['units'] == 6 and samples[-1]['cpu_per_unit'] > 0
    assert samples[0]['rss_mb'] > 100 and samples[0]['fds'] > 3
    assert (tmp_path / 'endurance_query.png').stat().st_size > 10_000
    assert '| CPU seconds a query |' in (tmp_path / 'endurance.md').read_text() in result.stdout
