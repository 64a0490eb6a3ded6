"""Shared by the runners in ``tools/``: their arguments, and the messages on users' mistakes.

What imports torch, or mmengine with torch, is imported in functions: it takes seconds, which
``--help`` and a wrong flag need not wait for.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError, user_errors  # noqa: F401  (what the runners in tools/ need)
from ..media.remote import is_remote
from .cfg_options import CfgOptions
from .launcher import adopt

if TYPE_CHECKING:
    from mmengine.config import Config


def add_config_arguments(parser: ArgumentParser) -> None:
    """Add the config and ``--cfg-options``, the arguments of every tool that reads a config."""
    parser.add_argument('config', help="config file, or 'avtss_mm::pretrain/<name>.py'")
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=CfgOptions,
        metavar='KEY=VALUE',
        help='change settings of the config, such as data_root=DIR, '
        'train_dataloader.batch_size=8 or feature_pipeline.CenterCrop.crop_size=96; '
        'a list is written key="[a,b]"',
    )


def add_runner_arguments(parser: ArgumentParser) -> None:
    """Add the common arguments of training and testing, named as in mmaction2."""
    add_config_arguments(parser)
    parser.add_argument(
        '--work-dir', help='folder of logs and results (default: work_dirs/<config name>)'
    )
    add_launcher_arguments(parser)


def add_launcher_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of tools that several processes may run together."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes; "pytorch" for torchrun, on GPUs or on the CPU',
    )
    parser.add_argument('--local_rank', '--local-rank', default='0', help='set by the launcher')


def seed(text: str) -> int:
    """Parse a seed."""
    if not 0 <= int(text) < 2**32:
        raise ArgumentTypeError(f'must be from 0 to {2**32 - 1}, but is {text}')
    return int(text)


def read_settings(path: str, options: dict | None) -> Config:
    """Read a config of training or testing, apply ``--cfg-options``, and check both.

    Raises:
        UsageError: If the config is invalid.
    """
    from .config import apply_cfg_options, read_config
    from .config_checks import check_options, check_settings

    cfg = read_config(path)
    check_options(cfg, options)
    check_settings(apply_cfg_options(cfg, options))
    return cfg


def load_config(args: Namespace) -> Config:
    """Read ``args.config`` and apply the arguments of :func:`add_runner_arguments`.

    Raises:
        UsageError: If the launcher did not start this process, the config is invalid, or results
            would go to a URL.
    """
    os.environ.setdefault('LOCAL_RANK', args.local_rank)
    adopt(args.launcher)
    cfg = read_settings(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs', Path(args.config).stem))
    _check_on_disk(cfg)
    return cfg


def _check_on_disk(cfg: Config) -> None:
    """Stop before a run whose checkpoints would go to a URL, where a kill could cut them."""
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    out_dir = None if hook.get('backend_args') else hook.get('out_dir')
    for key, place in (('work_dir', cfg.work_dir), ('out_dir of the checkpoint hook', out_dir)):
        if is_remote(place):
            raise UsageError(
                f'{key} is {place}, a URL: logs and checkpoints are written to a disk, or a file '
                'system that is mounted; copy them from there'
            )
