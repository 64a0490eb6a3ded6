"""The protocols that evaluate a checkpoint. Imports nothing slow."""

from __future__ import annotations

from dataclasses import dataclass


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
