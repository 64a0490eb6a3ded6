#!/usr/bin/env python
"""How many of the sampled positives and negatives are of the query's class, by the labels.

    python tools/analysis_tools/neighbor_classes.py CONFIG CKPT

Windows, speeds and augmentations are those of training; ranks and queue length are those of the
config. All embeddings come from the same weights, whereas a real queue holds those of past steps.
Positives do harm if they are hardly more often of the query's class than chance, negatives if they
are so more often than chance.
"""

from __future__ import annotations

import argparse
import os

# Before torch is imported: waiting OpenMP threads must not take the core of a data worker.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

from avtss_mm.utils import cli
from avtss_mm.utils.report import markdown_table


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cli.add_config_arguments(parser)
    parser.add_argument('checkpoint', help="checkpoint of training, or 'random'")
    parser.add_argument('--epoch', type=int, default=0, help='epoch of the windows (%(default)s)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    from avtss_mm.engine import explained
    from avtss_mm.study.measures.neighbors import BOTH, neighbor_shares
    from avtss_mm.utils.building import building_errors

    with cli.user_errors():
        cfg = cli.read_settings(args.config, args.cfg_options)
        head, queue = cfg.model.get('contrastive_head'), cfg.model.get('queue')
        if not head or not queue:
            raise cli.UsageError(f'{args.config}: no contrastive_head with a queue')
        with building_errors(cfg), explained('.', 'The same command starts over.'):
            shares = neighbor_shares(cfg, args.checkpoint, args.epoch)
        ranks = dict(positives=head.positive_ranks, negatives=head.negative_ranks)
        titles = [f'{name} ({a} to {b})' for name, (a, b) in ranks.items()]
        table = [
            ['both agree' if name == BOTH else name, *(f'{x:.3f}' for x in row.values())]
            for name, row in shares.items()
        ]
        header = ['share of the own class', *titles, 'whole queue']
        print(markdown_table(header, table, right=True))


if __name__ == '__main__':
    main()
