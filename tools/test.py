#!/usr/bin/env python
"""Evaluate: ``python tools/test.py CONFIG CHECKPOINT``.

The word ``random`` instead of a checkpoint gives the baseline, the same networks untrained.
Prints the metrics as a table and writes them to ``<work dir>/metrics.json``.
"""

import argparse
import json
import os
from pathlib import Path

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from mmengine.config import Config
from mmengine.dist import is_main_process

import avtss_mm  # noqa: F401  (registers, and mends upstream)
from avtss_mm.utils import cli


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Test a model')
    cli.add_runner_arguments(parser)
    parser.add_argument(
        'checkpoint', help="checkpoint file, or 'random' for seeded random weights: the baseline"
    )
    parser.add_argument('--dump', metavar='FILE.pkl', help='write the predictions to this file')
    return parser.parse_args()


def merge_flags(cfg: Config, args: argparse.Namespace) -> Config:
    """Put the flags of testing into the config.

    Raises:
        UsageError: If the file to dump to is no pickle, or the config has nothing to test.
        FileNotFoundError: If the checkpoint is absent.
    """
    if cfg.get('test_dataloader') is None or cfg.get('test_evaluator') is None:
        raise cli.UsageError(f'{args.config} has no test_dataloader and test_evaluator')
    if args.checkpoint == 'random':
        cfg.load_from = None
        cfg.randomness = {**cfg.get('randomness', {})}
        if cfg.randomness.get('seed') is None:
            cfg.randomness.seed = 0
    elif '://' in args.checkpoint or os.path.isfile(args.checkpoint):
        cfg.load_from = args.checkpoint
    else:
        raise FileNotFoundError(f"{args.checkpoint}: no such checkpoint (or say 'random')")
    cfg.resume = False
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise cli.UsageError(f'--dump {args.dump}: the name must end with .pkl')
        evaluators = cfg.test_evaluator
        evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
        cfg.test_evaluator = [*evaluators, dict(type='DumpResults', out_file_path=args.dump)]
    return cfg


def report(metrics: dict, path: Path) -> None:
    """Print the metrics, one a line, and write them as JSON."""
    metrics = {name: float(value) for name, value in metrics.items()}
    path.write_text(json.dumps(metrics, indent=2) + '\n')
    width = max(map(len, metrics), default=0)
    print('\n' + '\n'.join(f'{name:<{width}}  {value:10.4f}' for name, value in metrics.items()))
    print(f'\nwritten to {path}')


def main() -> None:
    args = parse_args()
    with cli.user_errors():
        cfg = merge_flags(cli.load_config(args), args)
        runner = cli.build_runner(cfg)
        if args.checkpoint == 'random':
            runner._init_model_weights()  # as at the start of training, the same in every process
        metrics = runner.test()
        if is_main_process():
            report(metrics, Path(cfg.work_dir, 'metrics.json'))


if __name__ == '__main__':
    main()
