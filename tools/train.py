#!/usr/bin/env python
"""Train: ``python tools/train.py CONFIG``, with the flags of mmaction2's ``tools/train.py``."""

from __future__ import annotations

import argparse
import os
import sys

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from typing import TYPE_CHECKING

from avtss_mm.utils import cli
from avtss_mm.utils.launcher import speaks_for_all

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train a model')
    cli.add_runner_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='resume from this checkpoint, or without one from the last in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision (needs a GPU)')
    parser.add_argument(
        '--bf16',
        action='store_true',
        help='mixed precision in bfloat16, without a loss scale (needs a GPU from Ampere on)',
    )
    parser.add_argument('--no-validate', action='store_true', help='no evaluation between epochs')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by actual batch size / batch size of the config',
    )
    parser.add_argument('--seed', type=cli.seed, help="random seed (default: the config's)")
    switch = dict(action='store_true', default=None)  # None: the config decides
    parser.add_argument('--diff-rank-seed', **switch, help='give each process its own seed')
    parser.add_argument('--deterministic', **switch, help='only deterministic cuDNN algorithms')
    return parser.parse_args()


def merge_flags(cfg: Config, args: argparse.Namespace) -> Config:
    """Merge the flags of training into the config.

    Raises:
        UsageError: If a flag does not work with this config or on this machine, or the checkpoint
            to resume from is damaged.
        FileNotFoundError: If the checkpoint to resume from does not exist.
    """
    from mmengine.device import get_device

    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp or args.bf16:
        if cfg.optim_wrapper.get('type', 'OptimWrapper') not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise cli.UsageError(
                f'--amp and --bf16 cannot be used with optim_wrapper.type={cfg.optim_wrapper.type}'
            )
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.bf16:
        cfg.optim_wrapper.update(dtype='bfloat16', loss_scale=dict(enabled=False))
    # oneDNN: the weight gradient of 3 x 1 x 1 kernels over two frames is garbage, up to inf
    if cfg.optim_wrapper.get('type') == 'AmpOptimWrapper' and get_device() == 'cpu':
        raise cli.UsageError(
            'mixed precision needs a GPU: on the CPU the bfloat16 gradients of 3-D convolutions '
            "are wrong. Leave out --amp and --bf16 (or set optim_wrapper.type='OptimWrapper')."
        )
    if args.resume is not None:
        last = choose_checkpoint(args.resume, cfg.work_dir)
        cfg.resume = last is not None
        cfg.load_from = last or cfg.get('load_from')  # the first start may use given weights
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


def choose_checkpoint(asked: str, work_dir: str) -> str | None:
    """Find the checkpoint to resume from; None if there is none yet."""
    from avtss_mm.engine import find_last_checkpoint, is_complete

    if asked != 'auto':
        if '://' not in asked and not os.path.isfile(asked):
            raise FileNotFoundError(f'{asked}: no such checkpoint to resume from')
        if '://' not in asked and not is_complete(asked):
            raise cli.UsageError(
                f'{asked} is damaged: --resume without a path takes the last one that is complete'
            )
        return asked
    last, passed_over = find_last_checkpoint(work_dir)
    if passed_over and last is None:
        raise cli.UsageError(
            f'no checkpoint in {work_dir} is complete; damaged or missing: '
            f'{", ".join(passed_over)}. Without --resume training starts over.'
        )
    if speaks_for_all():
        for path in passed_over:
            print(f'{path} is damaged or missing: skipped')
        print(f'resuming from {last}' if last else f'no checkpoint in {work_dir}: starting over')
    return last


def train(cfg: Config, asked_to_end: list[int]) -> None:
    """Train; if an external cause ends it, say which and how to continue."""
    from avtss_mm.engine import TrainingStoppedError, explain
    from avtss_mm.engine.runner import build_runner

    runner = None
    try:
        runner = build_runner(cfg)
        runner.train()
    except Exception as error:
        if asked_to_end:
            raise
        text = explain(error, cfg.work_dir, data_folders(runner))
        if text is None or isinstance(error, FileNotFoundError) and runner is None:
            raise
        if isinstance(error, TrainingStoppedError) and not speaks_for_all():
            sys.exit(1)  # all ranks stop for this reason, and one of them says so
        sys.exit(f'error: {text}')


def data_folders(runner) -> list[str]:
    """Folders of the samples, if the data set is already built."""
    dataset = getattr(getattr(runner, 'train_dataloader', None), 'dataset', None)
    return [folder for folder in (getattr(dataset, 'data_prefix', None) or {}).values() if folder]


def main() -> None:
    args = parse_args()
    from avtss_mm.engine import how_to_go_on
    from avtss_mm.engine.signals import graceful_shutdown
    from avtss_mm.utils.building import building_errors

    with cli.user_errors():
        cfg = cli.load_config(args)
        advice = 'the same command with --resume continues'
        with (
            building_errors(cfg),
            graceful_shutdown(advice, lambda: how_to_go_on(cfg.work_dir)) as asked_to_end,
        ):
            train(merge_flags(cfg, args), asked_to_end)


if __name__ == '__main__':
    main()
