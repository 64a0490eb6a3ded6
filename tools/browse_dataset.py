#!/usr/bin/env python
"""Draw the model's input: ``python tools/browse_dataset.py CONFIG``."""

from __future__ import annotations

import argparse
import os

# Before torch is imported: waiting OpenMP threads must not take a core.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from pathlib import Path

import numpy as np

from avtss_mm.errors import UsageError, user_errors
from avtss_mm.media.remote import local_path
from avtss_mm.utils.cli import add_config_arguments, read_settings
from avtss_mm.utils.work import positive


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw samples as the model receives them: frames and spectrograms per window, '
        'with their times, speeds, directions and order label'
    )
    add_config_arguments(parser)
    parser.add_argument('--num', type=positive, default=8, help='samples to draw (default: 8)')
    parser.add_argument(
        '--out', type=local_path, help='folder (default: work_dirs/<config name>/browse)'
    )
    parser.add_argument('--mode', choices=['train', 'val', 'test'], default='train')
    return parser.parse_args()


def without_packing(node):
    """Remove PackActionInputs, which drops all but the model's input, from the pipelines."""
    if isinstance(node, dict):
        return {key: without_packing(value) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        packs = [isinstance(item, dict) and item.get('type') == 'PackActionInputs' for item in node]
        return type(node)(without_packing(item) for item, pack in zip(node, packs) if not pack)
    return node


def browse(args: argparse.Namespace) -> None:
    """Draw the samples that the command line asks for.

    Raises:
        UsageError: If the config has no such data.
    """
    # here, what takes seconds: --help does not need it
    from mmaction.registry import DATASETS
    from mmengine.registry import init_default_scope

    from avtss_mm.utils.building import building_errors
    from avtss_mm.visualization.sheets import describe_sample, draw_sample

    cfg = read_settings(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    loader = cfg.get(f'{args.mode}_dataloader')
    if loader is None:
        raise UsageError(f'{args.config} has no {args.mode}_dataloader')
    with building_errors(cfg):
        dataset = DATASETS.build(without_packing(loader.dataset.to_dict()))
    out = args.out or Path('work_dirs', Path(args.config).stem, 'browse')
    out.mkdir(parents=True, exist_ok=True)
    chosen = np.linspace(0, len(dataset) - 1, min(args.num, len(dataset))).round().astype(int)
    for index in chosen:
        sample = dataset[index]
        path = out / f'{args.mode}_{index:06d}.png'
        draw_sample(sample, path)
        print(f'{path}: {describe_sample(sample)}')


def main() -> None:
    args = parse_args()
    with user_errors():
        browse(args)


if __name__ == '__main__':
    main()
