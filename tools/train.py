#!/usr/bin/env python
"""Train: ``python tools/train.py CONFIG``, with the flags of mmaction2's ``tools/train.py``."""

import argparse
import os

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import find_latest_checkpoint

import avtss_mm  # noqa: F401  (registers, and mends upstream)
from avtss_mm.utils import cli


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a model')
    cli.add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint; without one, from the last in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument('--no-validate', action='store_true', help='no evaluation between epochs')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the real batch size over the one the config was tuned for',
    )
    parser.add_argument('--seed', type=int, help="random seed (default: the config's)")
    switch = dict(action='store_true', default=None)  # None: as the config says
    parser.add_argument('--diff-rank-seed', **switch, help='give each process its own seed')
    parser.add_argument('--deterministic', **switch, help='only deterministic cuDNN algorithms')
    return parser.parse_args()


def merge_flags(cfg: Config, args: argparse.Namespace) -> Config:
    """Put the flags of training into the config.

    Raises:
        UsageError: If a flag cannot be obeyed with this config or on this machine.
        FileNotFoundError: If the checkpoint to resume from is absent.
    """
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        if cfg.optim_wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise cli.UsageError(
                f'--amp does not go with optim_wrapper.type={cfg.optim_wrapper.type}'
            )
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper' and get_device() == 'cpu':
        raise cli.UsageError(
            'mixed precision needs a GPU: on the CPU the bfloat16 gradients of 3-D convolutions '
            "are wrong. Leave out --amp (or set optim_wrapper.type='OptimWrapper')."
        )
    if args.resume is not None:
        auto = args.resume == 'auto'
        last = find_latest_checkpoint(cfg.work_dir) if auto else args.resume
        if not auto and '://' not in last and not os.path.isfile(last):
            raise FileNotFoundError(f'{last}: no such checkpoint to resume from')
        cfg.resume = last is not None
        cfg.load_from = last or cfg.get('load_from')  # the first start may begin from weights
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise cli.UsageError(
                '--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in the config'
            )
        cfg.auto_scale_lr.enable = True
    given = {name: getattr(args, name) for name in ('seed', 'diff_rank_seed', 'deterministic')}
    given = {name: value for name, value in given.items() if value is not None}
    cfg.randomness = {'seed': None, **cfg.get('randomness', {}), **given}
    return cfg


def main() -> None:
    args = parse_args()
    with cli.user_errors():
        cli.build_runner(merge_flags(cli.load_config(args), args)).train()


if __name__ == '__main__':
    main()
