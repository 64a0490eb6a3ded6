"""The config of a run: the variant's config with the study's data, budget and seed."""

from __future__ import annotations

from mmengine.config import Config, ConfigDict

from ..datasets import AudioVisualDataset, GalleryQueryDataset
from ..utils.config import apply_cfg_options, read_config
from .plan import Run, Study

SAMPLES = 'samples'
"""Subfolder of a study for samples decoded in training; delete it when all runs are done."""

CACHING = (AudioVisualDataset.__name__, GalleryQueryDataset.__name__)

TIMES = ('begin', 'end', 'T_max')


def run_config(study: Study, run: Run) -> Config:
    """Make the config that ``tools/train.py`` trains for a run; alone it gives the same weights.

    Raises:
        FileNotFoundError: If the variant's config does not exist.
        ValueError: If its training is not counted in epochs.
    """
    cfg = read_config(run.variant.config)
    stretch_schedule(cfg, run.variant.epochs)
    options = {'data_root': str(study.root), **study.options, **run.variant.options}
    apply_cfg_options(cfg, options)
    use_manifests(cfg, study.data)
    for loader in (cfg.train_dataloader, cfg.get('val_dataloader') or {}):
        dataset = loader.get('dataset') or {}
        if dataset.get('type') in CACHING:  # variants see the same samples, which are decoded once
            dataset.cache_dir = str(study.out / SAMPLES)
    cfg.randomness = {**cfg.get('randomness', {}), 'seed': run.seed}
    cfg.work_dir = str(run.folder / 'train')
    # A killed run resumes from the previous epoch. Two checkpoints are kept, because mmengine's
    # own hook, which a config may use, removes the older one before the new one is complete.
    hooks = cfg.setdefault('default_hooks', ConfigDict())
    hooks.setdefault('checkpoint', ConfigDict(type='CheckpointHook'))
    hooks.checkpoint.update(interval=1, max_keep_ckpts=2)
    cfg.resume = False
    return cfg


def stretch_schedule(cfg: Config, epochs: int) -> None:
    """Train for a number of epochs; everything that the config times in epochs is scaled.

    This concerns the learning rate and the start of the neighbour terms. Phases that would be
    shorter than an epoch are dropped.
    """
    if 'max_epochs' not in (cfg.get('train_cfg') or {}):
        raise ValueError('a variant must have train_cfg.max_epochs')
    ratio = epochs / cfg.train_cfg.max_epochs
    cfg.train_cfg.max_epochs = epochs
    schedulers = cfg.get('param_scheduler') or []
    kept = []
    for scheduler in [schedulers] if isinstance(schedulers, dict) else schedulers:
        if scheduler.get('by_epoch', True):
            times = {key: round(scheduler[key] * ratio) for key in TIMES if key in scheduler}
            if times.get('end', epochs) <= times.get('begin', 0):
                continue
            scheduler.update(times)
        kept.append(scheduler)
    cfg.param_scheduler = kept
    head = cfg.model.get('contrastive_head') or {}
    if 'neighbor_start_epoch' in head:
        head['neighbor_start_epoch'] = int(head['neighbor_start_epoch'] * ratio)


def use_manifests(cfg: Config, data: dict) -> None:
    """Train and validate on the study's manifests."""
    cfg.train_dataloader.dataset.ann_file = data['train']
    dataset = (cfg.get('val_dataloader') or {}).get('dataset', {})
    for side in ('gallery', 'query'):
        if side in dataset:
            dataset[side].ann_file = data[side]
    if 'ann_file' in dataset:
        dataset.ann_file = data['query']
