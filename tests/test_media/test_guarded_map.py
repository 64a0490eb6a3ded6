"""Workers that can be killed, and that do not outlive who started them."""

import os
import signal
import subprocess
import sys
import time

from avtss_mm.media.guarded_map import WorkerError, guarded_map

PARENT = """
import os, sys, time
from avtss_mm.media.guarded_map import guarded_map
def work(item):
    print(os.getpid(), flush=True)
    time.sleep(0.1)
for _ in guarded_map(work, range(10_000), workers=2):
    pass
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f'/proc/{pid}/stat') as file:
        return file.read().rpartition(')')[2].split()[0] != 'Z'


def test_workers_end_with_a_killed_parent():
    parent = subprocess.Popen([sys.executable, '-c', PARENT], stdout=subprocess.PIPE, text=True)
    workers = {int(parent.stdout.readline()) for _ in range(8)}
    assert len(workers) == 2 and all(alive(pid) for pid in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in workers)
    parent.stdout.close()


def hang_crash_or_answer(item: str) -> str:
    if item == 'hang':
        time.sleep(60)
    if item == 'crash':
        os._exit(9)
    if item == 'raise':
        raise KeyError('no')
    return item.upper()


def test_a_bad_item_does_not_end_the_others():
    items = ['a', 'hang', 'b', 'crash', 'c', 'raise', 'd']
    results = dict(guarded_map(hang_crash_or_answer, items, workers=2, timeout=2))
    assert [results[item] for item in 'abcd'] == ['A', 'B', 'C', 'D']
    assert 'no answer within 2 s' in str(results['hang'])
    assert 'crashed (exit status 9)' in str(results['crash'])
    assert 'KeyError' in str(results['raise'])
    assert all(isinstance(results[item], WorkerError) for item in ('hang', 'crash', 'raise'))
