"""The campaign of training faults, and the cases that ``--resume`` refuses."""

import json
import os

import pytest
import torch
from helpers.commands import ROOT, tool

pytestmark = pytest.mark.slow


def test_a_fault_a_row(tmp_path):
    fault = 'work dir read-only from the start'
    printed = tool(
        'faults/training_faults.py', '--out', tmp_path, '--faults', fault, '--times', 1,
        '--num-videos', 2, starts_fresh=True,
    ).stdout  # fmt: skip
    (row,) = json.loads((tmp_path / 'faults.json').read_text())
    assert (row['tried'], row['refused'], row['lost']) == (1, 1, 0)
    assert 'cannot be used' in row['notes'][0] and 'error: ' in row['notes'][0]
    assert f'| {fault} | 1 | 0 | 1 | 0 |' in printed
    assert (tmp_path / 'faults.md').read_text() in printed


@pytest.mark.parametrize('asked', [True, False])
def test_a_damaged_checkpoint_is_refused(tmp_path, asked):
    path = tmp_path / 'epoch_3.pth'
    torch.save(dict(weight=torch.arange(1000.0)), path)
    os.truncate(path, 2000)
    result = tool(
        'train.py', ROOT / 'configs/demo/avtss_toy.py', '--work-dir', tmp_path, '--resume',
        *[path] * asked, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()[-1:]
    assert line.startswith('error: ') and str(path) in line and 'damaged' in line
