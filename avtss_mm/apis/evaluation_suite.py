"""Evaluates a checkpoint with all protocols: their configs, and the table of the results."""

from __future__ import annotations

import statistics

from mmengine.config import Config

from ..evaluation.protocol import chance_of, is_figure, protocol_text
from ..utils.protocols import PROTOCOLS
from ..utils.report import markdown_table
from .encoder import encoder_config


def fit_networks(cfg: Config, trained: Config) -> Config:
    """Copy the networks of a checkpoint's config, and their log-mel, into a protocol's config.

    The same protocols can then evaluate checkpoints of networks other than those of ``configs/``.

    Args:
        cfg (Config): Config of a protocol, changed in place.
        trained (Config): Config that the checkpoint was trained with.

    Returns:
        Config: ``cfg``.
    """
    networks = encoder_config(trained.model)
    for name in ('backbone', 'audio_backbone', 'neck', 'audio_neck'):
        if cfg.model.get(name) is not None and name in networks:
            cfg.model[name] = networks[name]
    if cfg.model.type == 'AVEncoder' and 'channels_last' in networks:
        cfg.model.channels_last = networks['channels_last']
    if 'cls_head' in cfg.model and 'neck' in networks:
        cfg.model.cls_head.in_channels = networks['neck'].in_channels
    log_mel = [
        step for step in trained.get('feature_pipeline', []) if step.type == 'MelSpectrogram'
    ]
    pipeline = cfg.test_dataloader.dataset.pipeline
    for i, step in enumerate(pipeline):
        if step.type == 'MelSpectrogram' and log_mel:
            pipeline[i] = log_mel[0]
    return cfg


def results_table(results: dict[str, dict[str, dict]], absent: dict[str, str]) -> str:
    """Format the results as Markdown.

    Args:
        results (dict): Contents of ``metrics.json``, by protocol and split.
        absent (dict): Reasons why protocols were not run.

    Returns:
        str: A row per protocol and metric: mean, each split, chance; a dash for a missing figure,
        and for a mean with a missing split.
    """
    protocols = {protocol.name: protocol for protocol in PROTOCOLS}
    rows = []
    for name, splits in results.items():
        first = next(iter(splits.values()))
        for metric in filter(is_figure, first['metrics']):
            every = [splits.get(split, {}) for split in protocols[name].configs]
            values = [split.get('metrics', {}).get(metric) for split in every]
            mean = None if None in values else statistics.mean(values)
            chances = [chance_of(metric, split['metrics']) for split in splits.values()]
            chances = [value for value in chances if value is not None]
            each = ', '.join(_cell(value) for value in values) if len(values) > 1 else ''
            row = [
                name,
                metric.partition('/')[2] or metric,
                _cell(mean),
                each,
                _cell(statistics.mean(chances) if chances else None),
                protocol_text(first['protocol']),
            ]
            rows.append(row)
    rows += [[name, *'----', reason] for name, reason in absent.items()]
    return markdown_table(['protocol', 'metric', 'mean', 'each', 'chance', 'measured on'], rows)


def _cell(value: float | None) -> str:
    return '-' if value is None else f'{value:.4f}'
