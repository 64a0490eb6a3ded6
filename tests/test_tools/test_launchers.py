"""Distributed starts by mpirun and srun, simulated with their environment variables."""

import os
import socket
import subprocess
import sys

import pytest
from helpers.commands import ROOT
from helpers.warm_python import warm_python

from avtss_mm.utils.launcher import NAMES

pytestmark = pytest.mark.slow

CONFIG = """
custom_imports = dict(imports=['helpers.toy_run'])
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2,
    dataset=dict(type='ToyDataset'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
"""
TORCH = ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')


def free_port() -> str:
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return str(listener.getsockname()[1])


def start(folder, launcher: str, *words, rank=0, **variables) -> subprocess.Popen:
    """Starts ``tools/train.py`` as the launcher starts process ``rank`` of two on this machine."""
    values = dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE='2')
    env = {name: value for name, value in os.environ.items() if name not in TORCH}
    env.update({theirs: values[ours] for ours, theirs in NAMES.get(launcher, {}).items()})
    env['PYTHONPATH'] = os.pathsep.join([str(ROOT), str(ROOT / 'tests')])
    command = [warm_python(), ROOT / 'tools/train.py', folder / 'toy.py', '--launcher', launcher]
    return subprocess.Popen(
        [str(word) for word in (*command, *words)],
        cwd=folder, env={**env, **variables}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'toy.py').write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize('launcher', ['pytorch', 'mpi', 'slurm'])
def test_each_process_knows_its_place_and_one_speaks(folder, launcher):
    meet = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=free_port())
    words = ('--resume', '--cfg-options', 'mine=1')
    ranks = [start(folder, launcher, *words, rank=rank, **meet) for rank in (0, 1)]
    outputs = [process.communicate(timeout=200) for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0], outputs
    assert [out.count('no checkpoint in') for out, _ in outputs] == [1, 0]
    assert [error.count('warning: mine=1') for _, error in outputs] == [1, 0]
    assert 'Epoch(train) [1][3/3]' in ''.join(outputs[0])  # 12 samples / 2 processes / 2


@pytest.mark.parametrize('launcher', ['mpi', 'slurm'])
def test_the_local_rank_is_that_of_the_launcher(launcher, monkeypatch):
    """The local rank chooses the GPU."""
    from avtss_mm.utils import launcher as ours

    for name in TORCH:
        monkeypatch.setenv(name, '0')
    for name, theirs in NAMES[launcher].items():
        monkeypatch.setenv(theirs, dict(RANK='5', LOCAL_RANK='1', WORLD_SIZE='8')[name])
    ours.adopt(launcher)
    assert [os.environ[name] for name in TORCH[:3]] == ['5', '1', '8']
    assert not ours.speaks_for_all()


@pytest.mark.parametrize('launcher', ['pytorch', 'mpi', 'slurm'])
def test_a_launcher_that_started_nothing_is_told_so(folder, launcher):
    process = start(folder, 'none', '--launcher', launcher)
    error = process.communicate(timeout=200)[1]
    assert process.returncode == 1 and 'Traceback' not in error
    assert f'error: --launcher {launcher}: ' in error and 'is not set' in error


def test_a_mistake_is_told_once_a_machine(folder):
    meet = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=free_port())
    wrong = ('--resume', 'nothing.pth')
    errors = [
        start(folder, 'mpi', *wrong, rank=rank, **meet).communicate(timeout=200)[1]
        for rank in (0, 1)
    ]
    assert [error.count('nothing.pth: no such checkpoint') for error in errors] == [1, 0]


def test_a_taken_port(folder):
    script = ROOT / 'tools/dist_train.sh'
    with socket.socket() as listener:
        listener.bind(('', 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        path = os.pathsep.join([os.path.dirname(sys.executable), os.environ['PATH']])
        run = subprocess.run(
            ['bash', script, folder / 'toy.py', '1'],
            env={**os.environ, 'PORT': port, 'PATH': path}, capture_output=True, text=True,
        )  # fmt: skip
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f'error: PORT {port} cannot be used') and 'set another one' in line


@pytest.mark.parametrize('words', [(), ('toy.py',), ('toy.py', 'two'), ('toy.py', '--amp', '2')])
def test_a_missing_number_of_processes(words):
    command = ['bash', ROOT / 'tools/dist_train.sh', *words]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 2 and 'expected CONFIG PROCESSES' in run.stderr
