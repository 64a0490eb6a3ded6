"""While a data worker is late, the batches of all others wait, each tensor an open file."""

from __future__ import annotations

import os
import subprocess
import time

import pytest
import torch
from helpers.commands import ROOT
from helpers.warm_python import warm_python
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from torch.utils.data import Dataset, get_worker_info

from avtss_mm.datasets.shared_memory import SampleCounter
from avtss_mm.engine.runner import AVRunner

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


@pytest.mark.slow
def test_a_run_may_open_as_many_files_as_the_system_permits():
    run = subprocess.run([warm_python(), '-c', SCRIPT], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    soft, hard = map(int, run.stdout.split()[-2:])
    assert soft == min(hard, 65536) if hard > 0 else soft == 65536


class LateWorker(Dataset):
    """Packed samples; the first worker waits until the others have loaded all that they may."""

    def __init__(self, others: int) -> None:
        self.others, self.counter = others, SampleCounter()

    def __len__(self) -> int:
        return 4 * self.others

    def __getitem__(self, index: int) -> dict:
        while get_worker_info().id == 0 and self.counter['served'] < self.others:
            time.sleep(0.01)
        self.counter.add(served=get_worker_info().id > 0)
        sample = ActionDataSample(metainfo=dict(sample_idx=index)).set_gt_label(index)
        return dict(inputs=dict(imgs=torch.ones(2), audios=torch.ones(2)), data_samples=sample)


@pytest.mark.parametrize(
    'config', ['pretrain/avtss_r2plus1d_k400', 'finetune/r2plus1d_ucf101_split1']
)
def test_a_late_worker_leaves_few_files_open(config):
    loader = Config.fromfile(ROOT / f'configs/{config}.py').train_dataloader
    workers, ahead, batch = 4, 2, 16
    loader.update(batch_size=batch, num_workers=workers, prefetch_factor=ahead)
    loader.dataset = LateWorker((workers - 1) * ahead * batch)
    batches = iter(AVRunner.build_dataloader(loader, seed=0))
    before = len(os.listdir('/proc/self/fd'))
    next(batches)
    assert len(os.listdir('/proc/self/fd')) - before <= 2 * workers * ahead  # not 3 * batch times
