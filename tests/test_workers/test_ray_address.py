"""An address where no Ray cluster answers is refused at once."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from helpers.commands import ROOT

from avtss_mm.errors import UsageError
from avtss_mm.workers import ray_cluster

pytestmark = pytest.mark.slow
pytest.importorskip('ray')


@pytest.mark.parametrize(
    ('address', 'reason'),
    [('127.0.0.1:1', 'Connection refused'), ('nowhere', 'HOST:PORT of its head is expected')],
)
def test_a_wrong_address_is_one_line(tmp_path, address, reason):
    text = f'error: --ray-address {address}: no Ray cluster answers ({reason})'
    command = [sys.executable, ROOT / 'tools/data/build_manifest.py', tmp_path]
    engine = ['--engine', 'ray', '--ray-address', address]
    result = subprocess.run([*command, *engine], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, f'{text}\n')


def test_a_port_of_something_else_is_told_in_time(monkeypatch):
    monkeypatch.setattr(ray_cluster, 'PATIENCE', 2.0)
    with socket.create_server(('127.0.0.1', 0)) as server:
        address = f'127.0.0.1:{server.getsockname()[1]}'
        with pytest.raises(UsageError, match=r'no Ray cluster answers \(nothing within 2 s\)'):
            ray_cluster._check(address)
