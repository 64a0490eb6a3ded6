"""While a data worker is late, thousands of tensors wait, each of them an open file."""

import subprocess
import sys

from helpers.commands import ROOT

SCRIPT = """
import resource
from types import SimpleNamespace
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (512, limits[1]))
from mmengine.config import Config
from mmengine.runner import Runner
cfg = Config.fromfile('configs/_base_/default_runtime.py')
Runner.setup_env(SimpleNamespace(distributed=False), cfg.env_cfg)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_a_run_may_open_as_many_files_as_the_system_permits():
    run = subprocess.run([sys.executable, '-c', SCRIPT], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    soft, hard = map(int, run.stdout.split()[-2:])
    assert soft == min(hard, 65536) if hard > 0 else soft == 65536
