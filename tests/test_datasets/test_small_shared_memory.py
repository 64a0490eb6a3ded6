"""Docker gives /dev/shm 64 MB: a run ends if samples do not fit, and never hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from helpers.commands import ROOT

SCRIPT = """
import sys
import torch
from torch.utils.data import DataLoader
from avtss_mm.datasets import AudioVisualDataset
from avtss_mm.engine import explain

def make(row):
    return dict(inputs=torch.zeros(2**20), data_samples=dict(label=torch.zeros(1)))

dataset = AudioVisualDataset(sys.argv[1], [make])
print(dataset.sample_bytes(), dataset.num_served)
try:
    list(DataLoader(dataset, 2, num_workers=2, collate_fn=list))
except RuntimeError as error:
    print(explain(error, '.'))
"""


def can_mount() -> bool:
    """Whether a disk can be mounted for this process only."""
    command = ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/dev/shm']
    if not shutil.which('unshare') or not os.path.isdir('/dev/shm'):
        return False
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason='needs the right to mount')
@pytest.mark.parametrize('size', ['1m', '6m'])
def test_samples_that_do_not_fit_end_the_run(tmp_path, size):
    (tmp_path / 'list.txt').write_text('a.mp4 0\n' * 16)
    mount = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    python = [sys.executable, '-c', SCRIPT, str(tmp_path / 'list.txt')]
    run = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', mount, 'sh', *python],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert f'{4 * 2**20 + 4} 0' in run.stdout.splitlines()  # measured, and not counted
    assert 'shared memory (/dev/shm) is full' in run.stdout, run.stderr[-2000:]
    assert '--shm-size' in run.stdout
