"""The protocols that evaluate a checkpoint, and the table of their results."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from mmengine.config import Config

from ..evaluation.protocol import chance_of, is_figure, protocol_text
from ..utils.report import markdown_table
from .encoder import encoder_config


@dataclass(frozen=True)
class Protocol:
    """One evaluation, on one or several splits.

    Args:
        name (str): Name on the command line and in the table.
        data (str): Folder of the data set below the data root.
        configs (dict[str, str]): Config of each split, relative to ``configs/``.
        train (bool): Whether a network is fine-tuned; if not, its features are evaluated.
    """

    name: str
    data: str
    configs: dict[str, str]
    train: bool = False


def _splits(pattern: str, word: str, count: int) -> dict[str, str]:
    return {f'{word} {k}': pattern.format(f'{word}{k}') for k in range(1, count + 1)}


PROTOCOLS = [
    Protocol('ucf101-linear', 'ucf101', _splits('linear/r2plus1d_ucf101_{}.py', 'split', 3)),
    Protocol('ucf101-retrieval', 'ucf101', _splits('retrieval/r2plus1d_ucf101_{}.py', 'split', 1)),
    Protocol('hmdb51-linear', 'hmdb51', _splits('linear/r2plus1d_hmdb51_{}.py', 'split', 3)),
    Protocol('hmdb51-retrieval', 'hmdb51', _splits('retrieval/r2plus1d_hmdb51_{}.py', 'split', 1)),
    Protocol('esc50-linear', 'esc50', _splits('linear/spectrogram_resnet_esc50_{}.py', 'fold', 5)),
    Protocol('vggsound-linear', 'vggsound', dict(test='linear/avtss_r2plus1d_vggsound.py')),
    Protocol('vggsound-retrieval', 'vggsound', dict(test='retrieval/avtss_r2plus1d_vggsound.py')),
    *(
        Protocol(
            f'{data}-finetune{variant}',
            data,
            _splits(f'finetune/r2plus1d_{data}_{{}}{variant.replace("-", "_")}.py', 'split', 3),
            train=True,
        )
        for variant in ('', '-32x224')
        for data in ('ucf101', 'hmdb51')
    ),
]
"""All protocols: cheap ones first, those that fine-tune last."""


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
