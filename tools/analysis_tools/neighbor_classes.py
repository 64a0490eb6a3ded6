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

from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from avtss_mm.utils import cli
from avtss_mm.utils.report import markdown_table

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cli.add_config_arguments(parser)
    parser.add_argument('checkpoint', help="checkpoint of training, or 'random'")
    parser.add_argument('--epoch', type=int, default=0, help='epoch of the windows (%(default)s)')
    return parser.parse_args()


def embed(cfg: Config, checkpoint: str, epoch: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Embeds the first window of each training video: ``z`` by modality, and the labels."""
    import torch
    from mmaction.registry import DATASETS

    from avtss_mm.apis.encoder import load_encoder
    from avtss_mm.engine.runner import AVRunner

    model, _ = load_encoder(checkpoint, cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    dataset.set_epoch(epoch, (cfg.get('randomness') or {}).get('seed') or 0)
    in_order = dict(sampler=dict(type='DefaultSampler', shuffle=False), drop_last=False)
    loader = AVRunner.build_dataloader(dict(cfg.train_dataloader, dataset=dataset, **in_order))
    found, labels = {}, []
    for batch in tqdm(loader, disable=None):
        data = model.data_preprocessor(batch)
        with torch.inference_mode():
            embeddings = model.project(model.extract_feat(data['inputs']))
        for name, z in embeddings.items():
            found.setdefault(name, []).append(z[:, 0].float().cpu().numpy())
        labels += [int(sample.gt_label) for sample in batch['data_samples']]
    return {name: np.concatenate(z) for name, z in found.items()}, np.array(labels)


def main() -> None:
    args = parse_args()
    from avtss_mm.engine import explained
    from avtss_mm.evaluation.neighbors import neighbor_classes
    from avtss_mm.utils.building import building_errors

    with cli.user_errors():
        cfg = cli.read_settings(args.config, args.cfg_options)
        head, queue = cfg.model.get('contrastive_head'), cfg.model.get('queue')
        if not head or not queue:
            raise cli.UsageError(f'{args.config}: no contrastive_head with a queue')
        with building_errors(cfg), explained('.', 'The same command starts over.'):
            embeddings, labels = embed(cfg, args.checkpoint, args.epoch)
        ranks = dict(positives=head.positive_ranks, negatives=head.negative_ranks)
        rows = {name: [z] for name, z in embeddings.items()}
        if len(rows) > 1:
            rows['both agree'] = list(embeddings.values())
        titles = [f'{name} ({a} to {b})' for name, (a, b) in ranks.items()]
        shares = {
            name: neighbor_classes(z, labels, queue.length, ranks) for name, z in rows.items()
        }
        table = [[name, *(f'{x:.3f}' for x in row.values())] for name, row in shares.items()]
        header = ['share of the own class', *titles, 'whole queue']
        print(markdown_table(header, table, right=True))


if __name__ == '__main__':
    main()
