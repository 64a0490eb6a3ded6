"""Reads rank and world size from the environment of a launcher."""

from __future__ import annotations

import os

from ..errors import UsageError

ADDRESS = 'MASTER_ADDR'
NAMES = dict(
    pytorch=dict(RANK='RANK', LOCAL_RANK='LOCAL_RANK', WORLD_SIZE='WORLD_SIZE'),
    slurm=dict(RANK='SLURM_PROCID', LOCAL_RANK='SLURM_LOCALID', WORLD_SIZE='SLURM_NTASKS'),
    mpi=dict(
        RANK='OMPI_COMM_WORLD_RANK',
        LOCAL_RANK='OMPI_COMM_WORLD_LOCAL_RANK',
        WORLD_SIZE='OMPI_COMM_WORLD_SIZE',
    ),
)
"""Names of torch's variables in each launcher."""
STARTED_BY = dict(pytorch='tools/dist_train.sh or torchrun', slurm='srun', mpi='mpirun of Open MPI')


def adopt(launcher: str) -> None:
    """Copy the variables of a launcher to the names of torch, before anything reads them.

    mmengine does so later, and for ``mpi`` without ``LOCAL_RANK``, which chooses the GPU.

    Raises:
        UsageError: If the launcher did not start this process.
    """
    names = NAMES.get(launcher, {})
    needed = [*names.values(), *([ADDRESS] if launcher in ('pytorch', 'mpi') else [])]
    missing = [name for name in needed if name not in os.environ]
    if missing == [ADDRESS]:
        raise UsageError(f'{ADDRESS} is not set: the address of the first machine, here 127.0.0.1')
    if missing:
        raise UsageError(
            f'--launcher {launcher}: {missing[0]} is not set, so that {STARTED_BY[launcher]} did '
            'not start this process. To train in one process leave --launcher out'
        )
    os.environ.update({ours: os.environ[theirs] for ours, theirs in names.items()})


def speaks_for_all() -> bool:
    """Whether this is the first process of a run."""
    return os.environ.get('RANK', '0') == '0'
