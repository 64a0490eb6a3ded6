#!/usr/bin/env python
"""Evaluate: ``python tools/test.py CONFIG CHECKPOINT``.

``random`` instead of a checkpoint gives the baseline, the same networks without training.
Prints the metrics as a table, with the protocol (frames, resolution, clips) and chance levels, and
writes them to ``<work dir>/metrics.json``.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from avtss_mm.files.whole_file import write_whole
from avtss_mm.utils import cli
from avtss_mm.utils.launcher import speaks_for_all

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Test a model')
    cli.add_runner_arguments(parser)
    parser.add_argument(
        'checkpoint',
        help="checkpoint file, 'shipped' (weights that come with the package), or 'random' for "
        'seeded random weights: the baseline',
    )
    parser.add_argument('--dump', metavar='FILE.pkl', help='write the predictions to this file')
    parser.add_argument(
        '--features',
        metavar='FILE.npz',
        help='cache the features in this file; if it already has them, no network runs '
        '(linear probe, retrieval, k-NN)',
    )
    return parser.parse_args()


def merge_flags(cfg: Config, args: argparse.Namespace) -> Config:
    """Merge the flags of testing into the config.

    Raises:
        UsageError: If the file to dump to is not a pickle, or the config has nothing to test.
        FileNotFoundError: If the checkpoint does not exist.
    """
    from avtss_mm.apis.encoder import SHIPPED, SHIPPED_PATH

    if cfg.get('test_dataloader') is None or cfg.get('test_evaluator') is None:
        raise cli.UsageError(f'{args.config} has no test_dataloader and test_evaluator')
    if args.checkpoint == 'random':
        cfg.load_from = None
        cfg.randomness = {**cfg.get('randomness', {})}
        if cfg.randomness.get('seed') is None:
            cfg.randomness.seed = 0
    elif args.checkpoint == SHIPPED:
        cfg.load_from = str(SHIPPED_PATH)
    elif '://' in args.checkpoint or os.path.isfile(args.checkpoint):
        cfg.load_from = args.checkpoint
    else:
        raise FileNotFoundError(f"{args.checkpoint}: no such checkpoint (or say 'random')")
    cfg.resume = False
    for unused in ('train_cfg', 'train_dataloader', 'optim_wrapper', 'param_scheduler'):
        cfg[unused] = None
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise cli.UsageError(f'--dump {args.dump}: the name must end with .pkl')
        add_evaluator(cfg, type='DumpResults', out_file_path=args.dump)
    return cfg


def add_evaluator(cfg: Config, **evaluator) -> None:
    evaluators = cfg.test_evaluator
    evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
    cfg.test_evaluator = [*evaluators, evaluator]


def evaluate(cfg: Config, args: argparse.Namespace) -> dict:
    """Run the test, or only its evaluators if ``--features`` has all that they need."""
    from mmengine.registry import init_default_scope

    from avtss_mm.engine.runner import build_runner
    from avtss_mm.evaluation.feature_cache import evaluate_features, identity_of, read_features

    if args.features is not None:
        if (cfg.model.get('test_cfg') or {}).get('per_clip'):
            raise cli.UsageError(
                '--features stores one feature per file, but this config has one per chunk'
            )
        init_default_scope('mmaction')
        identity = identity_of(cfg, args.checkpoint)
        if os.path.exists(args.features):
            try:
                features = read_features(args.features, identity)
            except ValueError as error:
                raise cli.UsageError(str(error)) from error
            metrics = evaluate_features(cfg, features)
            if metrics is not None:
                print(f'features read from {args.features}')
                return metrics
        add_evaluator(cfg, type='FeatureRecorder', path=args.features, identity=identity)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), dict(type='mmaction.ProgressBarHook')]
    runner = build_runner(cfg)
    if args.checkpoint == 'random':
        runner._init_model_weights()  # as at the start of training, equal on all ranks
    return runner.test()


def report(metrics: dict, cfg: Config, args: argparse.Namespace) -> None:
    """Print the metrics, one per line with its chance level, and write them as JSON."""
    from avtss_mm.evaluation.protocol import chance_of, describe_protocol, protocol_text

    metrics = {name: float(value) for name, value in metrics.items()}
    protocol = describe_protocol(cfg.test_dataloader.dataset.get('pipeline', []))
    results = dict(config=args.config, checkpoint=args.checkpoint, protocol=protocol)
    path = Path(cfg.work_dir, 'metrics.json')
    write_whole(path, json.dumps({**results, 'metrics': metrics}, indent=2) + '\n')
    shown = [name for name in metrics if not name.endswith('chance')]
    width = max(map(len, shown), default=0)
    print(f'\n{protocol_text(protocol)}\n')
    for name in shown:
        chance = chance_of(name, metrics)
        beside = '' if chance is None else f'   (chance {chance:.4f})'
        print(f'{name:<{width}}  {metrics[name]:10.4f}{beside}')
    print(f'\nwritten to {path}')


def main() -> None:
    args = parse_args()
    from avtss_mm.engine import explained
    from avtss_mm.engine.signals import graceful_shutdown
    from avtss_mm.utils.building import building_errors

    last_words = 'Nothing was written; the same command starts over.'
    with cli.user_errors(), graceful_shutdown('the same command starts over', lambda: last_words):
        cfg = merge_flags(cli.load_config(args), args)
        with building_errors(cfg), explained(cfg.work_dir, last_words):
            metrics = evaluate(cfg, args)
        if speaks_for_all():  # features that are read make no process group
            report(metrics, cfg, args)


if __name__ == '__main__':
    main()
