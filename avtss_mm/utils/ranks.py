"""Processes of a launcher that divide work other than training; they talk by gloo, not on GPUs."""

from __future__ import annotations

import atexit
import os
import socket
from datetime import timedelta

import torch
from mmengine.dist import all_gather_object, get_dist_info
from torch.distributed import destroy_process_group

from ..compat.cpu_launcher import init_dist
from .launcher import adopt

PATIENCE = timedelta(days=30)
"""How long a process waits for the slowest one; a lost one is noticed at once."""


def join_ranks(launcher: str) -> tuple[int, int]:
    """Joins the processes that a launcher started; each gets a GPU of its machine.

    Args:
        launcher: As in :data:`.NAMES`, or ``'none'``.

    Returns:
        tuple: Rank of this process and number of processes: 0 and 1 without a launcher.

    Raises:
        UsageError: If the launcher did not start this process.
    """
    adopt(launcher)
    if launcher != 'none':
        init_dist('gloo', timeout=PATIENCE)
        atexit.register(destroy_process_group)  # else its threads abort a process that ends
        if torch.cuda.is_available():  # a machine of Slurm may show each process only its own
            torch.cuda.set_device(int(os.environ['LOCAL_RANK']) % torch.cuda.device_count())
    return get_dist_info()


def own_cores() -> int:
    """Number of cores for this process: its share of those that it and others may use."""
    if hasattr(os, 'sched_getaffinity'):
        cores = sorted(os.sched_getaffinity(0))  # containers and schedulers limit it
    else:
        cores = list(range(os.cpu_count()))
    everyone = all_gather_object((socket.gethostname(), cores))
    return max(1, len(cores) // everyone.count((socket.gethostname(), cores)))
