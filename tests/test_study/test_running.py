"""Runs that wait for others, fail, or have lost a file."""

import subprocess
import sys
import threading
import time

import pytest
from helpers.commands import ROOT
from mmengine.config import Config

from avtss_mm.study.plan import read_study
from avtss_mm.study.running import RunFailed, _drop_lost_checkpoint, complete, complete_all

pytestmark = pytest.mark.slow

DEMO = str(ROOT / 'configs/demo/avtss_toy.py')
HOLD = """
import fcntl, sys, time
lock = open(sys.argv[1], 'a')
fcntl.flock(lock, fcntl.LOCK_EX)
print('held', flush=True)
time.sleep(60)
"""


@pytest.fixture
def study(tmp_path):
    values = dict(
        data=dict(root='d'), seeds=(0, 1), budget=dict(epochs=1), measures=('knn',),
        variants=dict(a=dict(config=str(tmp_path / 'absent.py'))),
    )  # fmt: skip
    return read_study(Config(values), tmp_path, 'mine')


@pytest.fixture
def trainable(study, tmp_path):
    """A study with a real config, one of its runs, and the path of the training tool."""
    (tmp_path / 'absent.py').write_text(f'_base_ = [{DEMO!r}]\n')
    return study, study.runs()[1], tmp_path / 'tool.py'


def test_a_run_that_another_process_works_on_is_waited_for(study, tmp_path):
    run = study.runs()[1]
    run.folder.mkdir(parents=True)
    command = [sys.executable, '-c', HOLD, str(run.folder / 'lock')]
    other = subprocess.Popen(command, stdout=subprocess.PIPE)
    other.stdout.readline()
    errors = []

    def work():
        with pytest.raises(RunFailed) as caught:
            complete(study, run, tmp_path, {})
        errors.append(caught.value)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.5)
    assert thread.is_alive() and not errors
    other.kill()  # however it ends, its lock ends with it
    thread.join(30)
    assert 'absent.py' in str(errors[0])
    other.wait()


def test_each_failure_is_told(study, tmp_path):
    answers = [(run, news) for run, news in complete_all(study, study.runs(), tmp_path, 2)]
    told = {str(run): news for run, news in answers}
    assert len(told) == 4 and all('its config: FileNotFoundError' in n for n in told.values())


def test_a_training_that_fails(trainable):
    """The message has its last line, and a second try continues with the same config."""
    study, run, tool = trainable
    for _ in range(2):
        tool.write_text("import sys\nprint('some log')\nsys.exit('error: no such network')\n")
        with pytest.raises(RunFailed, match='code 1: error: no such network .see .*train.log'):
            complete(study, run, tool, {})
    assert (run.folder / 'train.log').read_text().count('some log') == 2
    assert not (run.folder / 'trained.json').exists()


def test_a_training_with_another_config_is_not_taken(trainable):
    study, run, tool = trainable
    (run.folder / 'train').mkdir(parents=True)
    (run.folder / 'config.py').write_text('a = 1\n')
    with pytest.raises(RunFailed, match='started with another config: choose another'):
        complete(study, run, tool, {})
    assert (run.folder / 'config.py').read_text() == 'a = 1\n'
    (run.folder / 'train').rmdir()  # nothing was trained: nothing is mixed up
    tool.write_text('import sys; sys.exit(3)')
    with pytest.raises(RunFailed, match='code 3: no output'):
        complete(study, run, tool, {})
    assert 'max_epochs' in (run.folder / 'config.py').read_text()


def test_a_checkpoint_that_is_gone_is_forgotten(study):
    run = study.runs()[1]
    folder = run.folder / 'train'
    folder.mkdir(parents=True)
    marker = folder / 'last_checkpoint'
    marker.write_text(str(folder / 'epoch_3.pth'))
    (folder / 'epoch_3.pth').touch()
    _drop_lost_checkpoint(run)
    assert marker.exists()
    (folder / 'epoch_3.pth').unlink()
    _drop_lost_checkpoint(run)
    assert not marker.exists()
