"""An index follows changes of its folder and model, and survives faults while it is made."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from helpers.commands import ROOT
from helpers.distinct_media import write_distinct, write_sound
from helpers.made_index import content, make_index

from avtss_mm.errors import UsageError
from avtss_mm.fingerprint.index.catalog import Catalog

pytestmark = pytest.mark.slow


def test_other_weights_are_refused_with_the_command_that_helps(media, model, avtss_fp, tmp_path):
    one = tmp_path / 'media'
    one.mkdir()
    shutil.copy(media / '0.mp4', one)
    index = make_index(tmp_path / 'IN DEX', one, model)
    before = content(index)
    random_weights = ['--checkpoint', 'random', '--config', model[0]]
    command = f"avtss-fp index {one} -o '{index}' {' '.join(random_weights)} --rebuild"
    for arguments in (['query', one / '0.mp4', index], ['index', one, '-o', index]):
        status, out, err = avtss_fp(*arguments, *random_weights)
        assert status == 2 and 'weights_sha256 differ' in err and command in err
    assert content(index) == before
    status, out, err = avtss_fp('index', one, '-o', index, *random_weights, '--rebuild')
    assert status == 0 and '1 files added' in out and content(index) != before
    status, out, err = avtss_fp('query', one / '0.mp4', index)  # a config is not run unasked
    assert status == 2 and f'add --config {model[0]}' in err


def test_changes_of_the_folder_are_followed(media, model, avtss_fp, tmp_path):
    mine = tmp_path / 'media'
    shutil.copytree(media, mine)
    index = make_index(tmp_path / 'INDEX', mine, model)
    with open(index / 'unreadable.csv', newline='') as file:
        ((path, reason),) = list(csv.reader(file))[1:]
    assert path == str(mine / 'broken.mp4') and 'Invalid data' in reason
    status, out, err = avtss_fp('index', mine, '-o', index)
    assert '6 files (0 files added, 6 unchanged)' in out and '1 files could not be read' in out

    (mine / '0.mp4').unlink()
    write_distinct(mine / '2.mp4', 22, end=12)
    (mine / '3.mp4').write_text('nothing')
    write_distinct(mine / 'still.mp4', 5, end=0.08, sound=False)  # a frame: it stays on
    shutil.copy(write_sound(tmp_path / 'a.wav', 7, 0, 6), mine)
    (mine / 'broken.mp4').unlink()
    status, out, err = avtss_fp('index', mine, '-o', index)
    assert '6 files (3 files added, 3 unchanged, 2 removed)' in out
    assert 'left out (still pictures)' in out and 'still.mp4' in out
    fresh = make_index(tmp_path / 'fresh', mine, model)
    assert content(index)[3:] == content(fresh)[3:]
    status, out, err = avtss_fp('query', mine / '2.mp4', index)
    assert out.splitlines()[1].endswith(str(mine / '2.mp4'))


def files_in(index):
    try:
        catalog = Catalog(index / 'catalog.sqlite')
    except UsageError:  # not there yet
        return 0
    catalog.close()
    return len(catalog.files)


def test_killed_at_any_moment_it_goes_on(media, model, avtss_fp, tmp_path):
    mine = tmp_path / 'media'
    mine.mkdir()
    for number in range(8):
        shutil.copy(media / f'{number % 4}.mp4', mine / f'{number:02d}.mp4')
    whole = content(make_index(tmp_path / 'whole', mine, model))

    index, numbers = tmp_path / 'INDEX', [0]
    command = [sys.executable, ROOT / 'tools/fingerprint.py', 'index', mine, '-o', index]
    command += ['--checkpoint', model[1], '--workers', '2']
    for pause in (0.02, 0.07):
        # not a fork of this process, whose threads may hold locks
        run = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while files_in(index) == numbers[-1] < 8:
            assert run.poll() is None, 'ended before it could be killed'
            time.sleep(0.01)
        time.sleep(pause)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        numbers.append(files_in(index))
    assert numbers == sorted(numbers) and any(0 < number < 8 for number in numbers), numbers
    make_index(index, mine, model)
    assert content(index) == whole


def test_one_process_at_a_time_changes_an_index(index, media, avtss_fp):
    from avtss_mm.fingerprint.index.index import FingerprintIndex

    with FingerprintIndex(index, write=True):
        status, out, err = avtss_fp('index', media, '-o', index)
        assert status == 2 and 'locked' in err
        assert avtss_fp('stats', index)[0] == 0  # others may read


def test_the_bound_of_decoding_can_be_set(media, index, model, avtss_fp, tmp_path):
    mine, out = tmp_path / 'two\nlines', tmp_path / 'OUT'
    mine.mkdir()
    shutil.copy(media / '0.mp4', mine)
    write_sound(mine / 'a.wav', 7, 0, 6)
    short = ('--timeout', '0.0005')
    status, text, err = avtss_fp('index', mine, '-o', out, '--checkpoint', model[1], *short)
    lines = [line for line in err.splitlines() if line.startswith('left out')]
    shown = str(mine).replace('\n', r'\n')
    reason = 'no answer within 0.0005 s'
    assert lines == [f'left out {shown}/{name}: {reason}' for name in ('0.mp4', 'a.wav')]
    status, text, err = avtss_fp('query', media / '0.mp4', index, *short)
    assert status == 2 and reason in err
    status, text, err = avtss_fp('distort', media / '0.mp4', '-o', out, '--only', 'flip', *short)
    assert status == 1 and reason in (out / 'rejects.csv').read_text()
    for seconds in ('0', '-1', 'nan', 'inf'):
        status, text, err = avtss_fp('query', media / '0.mp4', index, f'--timeout={seconds}')
        assert status == 2 and '--timeout: must be above 0' in err
