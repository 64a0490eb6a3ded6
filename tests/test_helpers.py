"""The Python that tests start commands with behaves as the one that it stands in for."""

import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.processes import alive
from helpers.warm_python import warm_python

pytestmark = pytest.mark.slow
MODULE = 'import os, sys; print(sys.argv[1:], os.getcwd(), os.environ["MINE"])'


def start(*words, **options) -> subprocess.Popen:
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.Popen([str(word) for word in (warm_python(), *words)], **pipes, **options)


def outcome(*words, given='', **options) -> tuple:
    process = start(*words, **options)
    return (*process.communicate(given, timeout=60), process.returncode)


def test_streams_and_statuses():
    assert outcome('-c', 'print(input())', given='one\n') == ('one\n', '', 0)
    assert outcome('-c', 'import sys; sys.exit("no")') == ('', 'no\n', 1)
    assert outcome('-c', 'import sys; sys.exit(7)') == ('', '', 7)
    assert outcome('-c', 'import os; os.kill(os.getpid(), 9)') == ('', '', -signal.SIGKILL)
    assert outcome('-c', '1 / 0')[1].endswith('ZeroDivisionError: division by zero\n')


def test_words_folder_and_variables(tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/part.py').write_text(MODULE)
    (tmp_path / 'script.py').write_text('import mine.part')
    env = {**os.environ, 'MINE': 'of mine'}
    said = (f"['-x', 'a b'] {tmp_path} of mine\n", '', 0)
    for words in (['script.py'], ['-u', 'script.py'], ['-m', 'mine.part']):
        assert outcome(*words, '-x', 'a b', cwd=tmp_path, env=env) == said
    env['PYTHONPATH'] = str(tmp_path / 'mine')
    assert outcome('-c', 'import part', cwd='/', env=env) == ('[] / of mine\n', '', 0)


def test_modules_are_there_and_also_in_what_it_starts():
    inner = 'import sys; print("torch" in sys.modules)'
    code = f'import subprocess, sys; subprocess.run([sys.executable, "-c", {inner!r}])'
    assert outcome('-c', code) == ('True\n', '', 0)
    assert outcome('-c', 'import sys; print(sys.executable)')[0] == f'{warm_python()}\n'
    assert 'torch' not in subprocess.getoutput(f'{sys.executable} -c {inner!r}')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_reach_it_and_what_it_has_started(number):
    code = 'import os, time; print(os.getpid(), flush=True); time.sleep(100)'
    outer = f'import subprocess, sys; subprocess.run([sys.executable, "-c", {code!r}])'
    single, nested = start('-c', code), start('-c', outer)
    pids = [int(process.stdout.readline()) for process in (single, nested)]
    assert all(map(alive, pids))
    single.send_signal(number)
    nested.kill()
    assert single.wait(60) == (1 if number == signal.SIGINT else -number)
    assert nested.wait(60) == -signal.SIGKILL
    stop = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < stop:
        time.sleep(0.01)
    assert not any(map(alive, pids))
