"""Distributed training on the CPU, where mmengine expects a GPU per process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import wraps

import torch.distributed as torch_dist
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper, revert_sync_batchnorm
from mmengine.registry import MODEL_WRAPPERS


def init_dist(backend: str, init_backend: str = 'torch', port: int | None = None, **kwargs) -> None:
    """Join the process group that the environment describes, always with gloo.

    ``torchrun`` sets all that is needed; for other launchers see :mod:`..utils.launcher`. With
    Slurm, the first machine of its list is the master.
    """
    os.environ.setdefault('MASTER_PORT', str(port or 29500))
    if 'MASTER_ADDR' not in os.environ:
        command = ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']]
        names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        os.environ['MASTER_ADDR'] = names.split()[0]
    torch_dist.init_process_group(backend='gloo', **kwargs)


def wraps_on_cpu(stock: Callable) -> Callable:
    """Make ``Runner.wrap_model`` work on the CPU: DDP without ``device_ids``, plain BatchNorm."""

    @wraps(stock)
    def wrap_model(self, model_wrapper_cfg, model):
        if not self.distributed or is_model_wrapper(model):
            return stock(self, model_wrapper_cfg, model)
        if self.cfg.get('sync_bn'):
            print_log('SyncBN needs GPUs: each process uses plain BN on the CPU', logger='current')
        wrapper = model_wrapper_cfg or dict(
            broadcast_buffers=False,
            find_unused_parameters=self.cfg.get('find_unused_parameters', False),
        )
        wrapper = {'type': 'MMDistributedDataParallel', **wrapper, 'device_ids': None}
        return MODEL_WRAPPERS.build(wrapper, default_args=dict(module=revert_sync_batchnorm(model)))

    return wrap_model
