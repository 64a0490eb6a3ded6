"""Ctrl-C as a terminal sends it: to all processes of the command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.commands import ROOT
from helpers.small_training import CONFIG, flags, make_toy

pytestmark = pytest.mark.slow

PATIENCE = 120


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp('toy'), num_videos=8)


def start(name, *arguments):
    command = [sys.executable, ROOT / 'tools' / name, *arguments]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return subprocess.Popen([str(word) for word in command], start_new_session=True, **pipes)


def interrupt(run):
    """Interrupts a command; returns its later output and exit status. No process may be left."""
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=PATIENCE)[0]
    stop = time.monotonic() + 10
    while members(run.pid) and time.monotonic() < stop:
        time.sleep(0.1)
    assert not members(run.pid)
    return said, run.returncode


def members(session):
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            state, *_, its_session = path.read_text().rpartition(')')[2].split()[:4]
        except OSError:  # it has ended meanwhile
            continue
        if int(its_session) == session and state != 'Z':
            found.append(path.parent.name)
    return found


def test_training_says_where_it_goes_on(toy, tmp_path):
    options = ['train_dataloader.batch_size=2', 'train_dataloader.num_workers=2']
    run = start('train.py', CONFIG, *flags(toy, tmp_path, '--no-validate', options=options))
    for line in run.stdout:
        if 'Epoch(train) [3][1/4]' in line:  # epoch 2 is saved, the data workers are at work
            break
    assert len(members(run.pid)) >= 5  # the trainer, two that load, and two that decode for them
    said, status = interrupt(run)
    words = said.partition('interrupted')
    last = tmp_path / 'epoch_2.pth'
    assert status == 130
    assert f'{words[1]}{words[2]}' == (
        f'interrupted. The last complete checkpoint is {last}; '
        'the same command with --resume continues from there.\n'
    )
    assert 'Traceback' not in said and 'KeyboardInterrupt' not in said


def test_a_test_says_that_nothing_was_written(toy, tmp_path):
    settings = [f'data_root={toy}', 'test_dataloader.batch_size=1']
    run = start('test.py', CONFIG, 'random', '--work-dir', tmp_path, '--cfg-options', *settings)
    while len(members(run.pid)) < 3:  # it loads, and decodes
        assert run.poll() is None
        time.sleep(0.02)
    said, status = interrupt(run)
    assert status == 130
    assert said.endswith('interrupted. Nothing was written; the same command starts over.\n')
    assert 'Traceback' not in said and not (tmp_path / 'metrics.json').exists()


def test_work_on_many_files_ends_with_a_line(tmp_path):
    run = start('data/make_toy_dataset.py', tmp_path / 'toy', '--num-videos', 4000)
    while not list(tmp_path.glob('toy/videos/train/*.mp4')):
        assert run.poll() is None
        time.sleep(0.1)
    said, status = interrupt(run)
    assert status == 130, said
    assert 'Traceback' not in said
    assert said.endswith('\ninterrupted\n')
