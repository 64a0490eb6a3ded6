"""Workers that can be killed and that do not outlive their parent."""

import gc
import os
import signal
import subprocess
import sys
import time

import pytest
from helpers.processes import alive

from avtss_mm.workers.guarded_map import CONTEXT, GuardedWorker, WorkerError, guarded_map

PARENT = """
import os, sys, time
from avtss_mm.workers.guarded_map import guarded_map
def work(item):
    os.write(1, b'%d\\n' % os.getpid())  # at once: two of them write
    time.sleep(0.1)
for _ in guarded_map(work, range(10_000), workers=2):
    pass
"""


def test_workers_end_with_a_killed_parent():
    parent = subprocess.Popen([sys.executable, '-c', PARENT], stdout=subprocess.PIPE, text=True)
    workers = {int(parent.stdout.readline()) for _ in range(8)}
    assert len(workers) == 2 and all(alive(pid) for pid in workers)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in workers)
    parent.stdout.close()


@pytest.fixture
def patient(monkeypatch):
    """Only what hangs is given the time that a test says: a busy machine answers late."""
    give = GuardedWorker.give
    monkeypatch.setattr(
        GuardedWorker,
        'give',
        lambda worker, item, timeout: give(worker, item, timeout if item == 'hang' else 60),
    )


def hang_crash_or_answer(item: str) -> str:
    if item == 'hang':
        time.sleep(1000)
    if item == 'crash':
        os._exit(9)
    if item == 'raise':
        raise KeyError('no')
    return item.upper()


@pytest.mark.parametrize('workers', [1, 2])
def test_a_bad_item_does_not_end_the_others(patient, workers):
    items = ['a', 'hang', 'b', 'crash', 'c', 'raise', 'd', 'hang', 'e']
    answers = list(guarded_map(hang_crash_or_answer, items, workers, timeout=0.5))
    assert sorted(item for item, _ in answers) == sorted(items)
    results = dict(answers)
    assert [results[item] for item in 'abcde'] == ['A', 'B', 'C', 'D', 'E']
    assert 'no answer within 0.5 s' in str(results['hang'])
    assert 'crashed (exit status 9)' in str(results['crash'])
    assert 'KeyError' in str(results['raise'])
    assert all(isinstance(results[item], WorkerError) for item in ('hang', 'crash', 'raise'))


def crash(item: int):
    os.kill(os.getpid(), item)


def test_the_signal_of_a_crash_is_named():
    items = [signal.SIGSEGV, signal.SIGABRT]
    assert {str(result) for _, result in guarded_map(crash, items)} == {
        'the decoder crashed (signal SIGSEGV)',
        'the decoder crashed (signal SIGABRT)',
    }


def test_a_result_that_cannot_be_sent_ends_nothing():
    results = dict(guarded_map(lambda item: (lambda: item) if item else item, [0, 1, 0]))
    assert results[0] == 0 and isinstance(results[1], WorkerError)


def test_a_daemonic_process_may_start_one():
    def ask(pipe):
        pipe.send(GuardedWorker(os.path.basename).ask('a/b', 60))

    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=ask, args=(theirs,), daemon=True)
    process.start()
    assert ours.poll(60) and ours.recv() == 'b'
    process.join()
    assert process.exitcode == 0


def test_a_worker_killed_while_it_waits_is_replaced():
    worker = GuardedWorker(os.path.basename)
    assert worker.ask('a/b', 60) == 'b'
    worker.process.kill()
    worker.process.join()
    assert worker.ask('c/d', 60) == 'd'
    worker.kill()


def test_an_answer_that_was_not_waited_for_is_not_that_of_the_next_item():
    def answer(item):
        if item:
            os.kill(os.getppid(), signal.SIGALRM)
        time.sleep(item)
        return item

    def interrupt(*_):
        raise KeyboardInterrupt

    worker = GuardedWorker(answer)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            worker.ask(60, 100)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert worker.ask(0, 50) == 0
    worker.kill()


class Decoder:
    """Garbage that only a collection frees, and that hangs in processes other than its own."""

    def __init__(self):
        self.itself = self
        self.process = os.getpid()

    def __del__(self):
        if os.getpid() != self.process:
            time.sleep(30)


def test_garbage_of_the_parent_is_left_alone():
    gc.disable()
    try:
        Decoder()
        assert list(guarded_map(lambda item: (gc.collect(), item)[1], [1], 1, 25)) == [(1, 1)]
    finally:
        gc.enable()


def end_by_ctrl_c(item):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)


def test_ctrl_c_that_reaches_a_worker_first_is_no_crash():
    with pytest.raises(KeyboardInterrupt):
        list(guarded_map(end_by_ctrl_c, [1, 2], workers=2, timeout=30))
