"""Keeps the features of a test run in a file for metrics and splits that need no network then."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmaction.registry import DATASETS, METRICS
from mmengine.config import Config
from mmengine.evaluator import BaseMetric, Evaluator

from ..files.feature_file import UNREADABLE, read_npz
from ..files.kept import kept_whole

FIELDS = ('video_feat', 'audio_feat', 'video_embedding', 'audio_embedding')


@METRICS.register_module()
class FeatureRecorder(BaseMetric):
    """Write the features of a test run to a file; computes no figures.

    Args:
        path (str): Path of the ``.npz`` file. Features of other files in it are kept.
        identity (str): Hash of what made the features, see :func:`identity_of`.
        collect_device (str): Device that collects the results of all ranks. Defaults to ``'cpu'``.
    """

    default_prefix = 'features'

    def __init__(self, path: str, identity: str, collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device)
        self.path = Path(path)
        self.identity = identity

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the features (float16) of each sample."""
        for sample in data_samples:
            there = {name: sample[name] for name in FIELDS if name in sample}
            features = {name: x.cpu().numpy().astype(np.float16) for name, x in there.items()}
            self.results.append((sample['filename'], features))

    def compute_metrics(self, results: list[tuple[str, dict]]) -> dict:
        """Write the file."""
        features = read_features(self.path, self.identity) if self.path.exists() else {}
        features.update(results)
        columns = dict(filename=np.array(list(features)), identity=np.array(self.identity))
        for name in FIELDS:
            sizes = {len(row[name]) for row in features.values() if name in row}
            for size in sizes:  # one size, or none if no file has the field
                absent = np.full(size, np.nan, np.float16)
                columns[name] = np.stack([row.get(name, absent) for row in features.values()])
        with kept_whole(self.path) as draft, open(draft, 'wb') as file:
            np.savez(file, **columns)
        return {}


def read_features(path: str | Path, identity: str) -> dict[str, dict[str, np.ndarray]]:
    """Read what :class:`FeatureRecorder` wrote, by file name and field.

    Raises:
        ValueError: If the file has features of another origin or is not such a file.
    """
    try:
        columns = read_npz(path)
        names, origin = columns.pop('filename'), str(columns.pop('identity'))
        there = {name: ~np.isnan(column[:, 0]) for name, column in columns.items()}
        if any(found.shape != names.shape for found in there.values()):
            raise ValueError('columns differ in length')
    except (IndexError, *UNREADABLE) as error:
        raise ValueError(f'{path} is not a file of features: name another one ({error})') from error
    if origin != identity:
        raise ValueError(
            f'{path} has features of other weights, another network or other clips: name '
            'another file'
        )
    return {
        str(filename): {name: c[i] for name, c in columns.items() if there[name][i]}
        for i, filename in enumerate(names)
    }


def identity_of(cfg: Config, checkpoint: str) -> str:
    """Hash everything that features depend on: weights, network and pipeline."""
    digest = hashlib.sha256()
    if os.path.isfile(checkpoint):
        with open(checkpoint, 'rb') as file:
            for block in iter(lambda: file.read(1 << 20), b''):
                digest.update(block)
    else:
        digest.update(f'{checkpoint} {cfg.get("randomness")}'.encode())
    parts = [cfg.model.to_dict(), cfg.test_dataloader.dataset.to_dict().get('pipeline')]
    digest.update(json.dumps(parts, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def evaluate_features(cfg: Config, features: dict[str, dict[str, np.ndarray]]) -> dict | None:
    """Run the config's ``test_evaluator`` on features instead of a network.

    Args:
        cfg (Config): Config with ``test_dataloader`` and ``test_evaluator``.
        features (dict): Features by file name, as returned by :func:`read_features`.

    Returns:
        dict or None: Metrics; None if a file of the data set has no features.
    """
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    rows = [dataset.get_data_info(i) for i in range(len(dataset))]
    if not all(row['filename'] in features for row in rows):
        return None
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = dataset.metainfo
    samples = [
        dict(
            filename=row['filename'],
            subset=row.get('subset'),
            group=row.get('group'),
            gt_label=torch.tensor([row['label']]),
            **{k: torch.from_numpy(v) for k, v in features[row['filename']].items()},
        )
        for row in rows
    ]
    evaluator.process(data_samples=samples)
    return evaluator.evaluate(len(samples))
