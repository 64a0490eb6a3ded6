"""Docker gives /dev/shm 64 MB: a run ends if samples do not fit, and never hangs."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from helpers.commands import ROOT
from helpers.warm_python import warm_python

pytestmark = pytest.mark.slow

OWN_DISK = """
import ctypes, subprocess
assert ctypes.CDLL(None).unshare(0x20000) == 0  # CLONE_NEWNS: mounts of this process only
mount = 'mount --make-rprivate / && mount -t tmpfs -o size={size} tmpfs /dev/shm'
subprocess.run(mount, shell=True, check=True)
"""
SCRIPT = """
import sys
import torch
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.engine import explain
from avtss_mm.engine.runner import AVRunner

def make(row):
    return dict(inputs=torch.zeros(2**20), data_samples=dict(label=torch.zeros(1)))

dataset = AudioVisualDataset(sys.argv[1], [make])
print(dataset.sample_bytes(), dataset.num_served)
try:
    order = dict(type='DefaultSampler', shuffle=False)
    loader = dict(dataset=dataset, batch_size=2, num_workers=2, sampler=order)
    list(AVRunner.build_dataloader(dict(loader, collate_fn=dict(type=sys.argv[2]))))
except RuntimeError as error:
    print(explain(error, '.'))
"""


def can_mount() -> bool:
    """Whether a disk can be mounted for this process only."""
    command = ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm']
    if not shutil.which('unshare') or not os.path.isdir('/dev/shm'):
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


def run_with_shared_memory(size: str, script: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [warm_python(), '-c', OWN_DISK.format(size=size) + script, *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )


@pytest.mark.skipif(not can_mount(), reason='needs the right to mount')
@pytest.mark.parametrize('size,collate', [('1m', 'stack_inputs'), ('6m', 'pseudo_collate')])
def test_samples_that_do_not_fit_end_the_run(tmp_path, size, collate):
    (tmp_path / 'list.txt').write_text('a.mp4 0\n' * 16)
    run = run_with_shared_memory(size, SCRIPT, str(tmp_path / 'list.txt'), collate)
    assert f'{4 * 2**20 + 4} 0' in run.stdout.splitlines()  # measured, and not counted
    assert 'shared memory (/dev/shm) is full' in run.stdout, run.stderr[-2000:]
    assert '--shm-size' in run.stdout


LOCKS = """
from torch.utils.data import DataLoader
from avtss_mm.engine import explained

with explained('.', 'It starts over.'):
    list(DataLoader(range(4), num_workers=1))
"""


@pytest.mark.skipif(not can_mount(), reason='needs the right to mount')
def test_not_even_the_locks_of_the_workers_fit():
    run = run_with_shared_memory('16k', LOCKS)
    line = run.stderr.splitlines()[0]
    assert run.returncode == 1 and line.startswith('error: shared memory (/dev/shm) is full')
    assert line.endswith('It starts over.')
