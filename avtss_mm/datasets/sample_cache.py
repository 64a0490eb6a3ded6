"""A cache of samples on disk: runs that draw the same samples decode them once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from mmaction.structures import ActionDataSample

from ..files.kept import digest, kept_whole
from .guarded_pipeline import Draw, Loaded


class SampleCache:
    """Keeps the output of a pipeline for each row, seed, epoch and index.

    Samples do not depend on networks and losses, so runs that differ only in these share a cache.
    Other transforms or other metadata of a row (label, duration) make other samples. Nothing is
    ever deleted, and a replaced video is not noticed: delete the folder then.

    Args:
        folder (str | Path): Folder of the cache, created with the first sample; it grows to the
            size of all samples together.
        pipeline (Sequence[dict]): Config of the transforms.
    """

    def __init__(self, folder: str | Path, pipeline: Sequence[dict]) -> None:
        self.folder = Path(folder, digest(list(pipeline)))

    def path(self, draw: Draw) -> Path:
        """Path of the sample of a draw; call it before the transforms change the row."""
        seed, epoch, index, attempt = draw.key
        name = f'{index}_{attempt}_{digest(draw.row)}.pt'
        return self.folder / f'seed{seed}' / f'epoch{epoch}' / name

    @staticmethod
    def read(path: Path) -> Loaded | None:
        """Read a sample; None if it does not exist or is unreadable."""
        try:
            kept = torch.load(path, weights_only=True)
        except (OSError, RuntimeError, EOFError, UnpicklingError):
            return None
        data_sample = ActionDataSample(metainfo=kept['metainfo'])
        for name, value in kept['fields'].items():
            data_sample.set_field(value.numpy() if name in kept['arrays'] else value, name)
        sample = dict(inputs=kept['inputs'], data_samples=data_sample)
        return Loaded(sample, counts=kept['counts'])

    @staticmethod
    def write(path: Path, loaded: Loaded) -> None:
        """Write a sample, completely or not at all."""
        data_sample = loaded.sample['data_samples']
        fields = dict(data_sample.items())
        arrays = [name for name, value in fields.items() if isinstance(value, np.ndarray)]
        kept = dict(
            inputs=loaded.sample['inputs'],
            metainfo=dict(data_sample.metainfo_items()),
            fields={k: torch.from_numpy(v) if k in arrays else v for k, v in fields.items()},
            arrays=arrays,
            counts=loaded.counts,
        )
        with kept_whole(path) as draft:
            torch.save(kept, draft)
