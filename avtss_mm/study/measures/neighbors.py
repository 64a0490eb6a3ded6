"""The classes of the neighbours that a run's contrastive head would sample."""

from __future__ import annotations

import numpy as np
import torch
from mmaction.registry import DATASETS
from mmengine.config import Config
from tqdm import tqdm

from ...apis.encoder import load_encoder
from ...engine.runner import AVRunner
from ...evaluation.neighbors import neighbor_classes

BOTH = 'both'
"""Name of the shares where the smaller similarity of both modalities decides the rank."""


def neighbor_shares(cfg: Config, checkpoint: str, epoch: int = 0) -> dict[str, dict[str, float]]:
    """Share of neighbours that are of the query's class, see :func:`neighbor_classes`.

    Windows, speeds and augmentations are those of training; ranks and queue length are those of the
    config. All embeddings come from the same weights, whereas a real queue holds those of past
    steps.

    Args:
        cfg (Config): Config of the training.
        checkpoint (str): Path of its weights, or 'random'.
        epoch (int): Epoch of the windows. Defaults to 0.

    Returns:
        dict: ``positives``, ``negatives`` and ``chance`` (in the whole queue) of each modality, and
        of :data:`BOTH` if there are two.
    """
    head = cfg.model.contrastive_head
    ranks = dict(positives=head.positive_ranks, negatives=head.negative_ranks)
    embeddings, labels = embed_training_set(cfg, checkpoint, epoch)
    rows = {name: [z] for name, z in embeddings.items()}
    if len(rows) > 1:
        rows[BOTH] = list(embeddings.values())
    length = cfg.model.queue.length
    return {name: neighbor_classes(z, labels, length, ranks) for name, z in rows.items()}


def embed_training_set(
    cfg: Config, checkpoint: str, epoch: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Embed the first window of each training video.

    Returns:
        tuple: Unit vectors (N, D) by modality, and the labels (N,).
    """
    model, _ = load_encoder(checkpoint, cfg)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    dataset.set_epoch(epoch, (cfg.get('randomness') or {}).get('seed') or 0)
    in_order = dict(sampler=dict(type='DefaultSampler', shuffle=False), drop_last=False)
    loader = AVRunner.build_dataloader(dict(cfg.train_dataloader, dataset=dataset, **in_order))
    found, labels = {}, []
    for batch in tqdm(loader, 'neighbours', disable=None):
        data = model.data_preprocessor(batch)
        with torch.inference_mode():
            embeddings = model.project(model.extract_feat(data['inputs']))
        for name, z in embeddings.items():
            found.setdefault(name, []).append(z[:, 0].float().cpu().numpy())
        labels += [int(sample.gt_label) for sample in batch['data_samples']]
    return {name: np.concatenate(z) for name, z in found.items()}, np.array(labels)
