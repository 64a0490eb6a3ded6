"""Searches for distorted copies with the networks of a run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner

from ...apis.encoder import encoder_config
from ...fingerprint.distortion.distort import distort_folder
from ...media import save_manifest
from ..evaluations import Evaluation
from ..plan import Study
from .features import read_rows

REFERENCES, QUERIES = 'references.json', 'asked.json'


class Files(NamedTuple):
    """A manifest, and the folder that its file names are relative to."""

    manifest: Path
    root: Path


def copies_folder(study: Study, evaluation: Evaluation) -> Path:
    """Folder of the distorted copies of an evaluation's queries."""
    return study.out / '_'.join(filter(None, ('copies', evaluation.name)))


def make_copies(
    study: Study,
    evaluation: Evaluation,
    workers: int = 1,
    progress=lambda results, total: results,
) -> None:
    """Make the distorted copies that all runs search for; keeps existing ones.

    Args:
        study (Study): Study that defines the distortions. The copies are written to ``OUT/copies``,
            with a list of them and a list of the references.
        evaluation (Evaluation): Evaluation from whose queries references are taken, evenly spread
            over the list; of these some are copied, evenly spread as well. If it has a name, the
            folder is ``OUT/copies_<name>``.
        workers (int): Number of processes. Defaults to 1.
        progress: Function that wraps the results, e.g. into a progress bar.

    Raises:
        FileNotFoundError: If the manifest does not exist.
    """
    rows, classes = read_rows(evaluation.root / evaluation.folds[0][1], evaluation.factors)
    settings = study.fingerprint
    out = copies_folder(study, evaluation)
    references = _spread(rows, settings['num_references'])
    chosen = _spread(references, settings['num_videos'])
    copies, _ = distort_folder(
        chosen,
        out,
        settings['distortions'],
        (settings['severity'],),
        workers,
        root=evaluation.root,
        progress=progress,
    )
    names = {row['filename'] for row in chosen}
    queries = [  # not those of earlier settings
        row
        for row in copies
        if row['source'] in names
        and row['distortion'] in settings['distortions']
        and row['severity'] == settings['severity']
    ]
    save_manifest(out / REFERENCES, references, classes)
    save_manifest(out / QUERIES, queries, classes)


def _spread(rows: list[dict], number: int) -> list[dict]:
    places = np.linspace(0, len(rows) - 1, min(number, len(rows)))
    return [rows[place] for place in places.round().astype(int)]


def copy_recall(
    protocol: Config,
    cfg: Config,
    checkpoint: str,
    references: Files,
    queries: Files,
    work_dir: Path,
    samples: Path,
) -> dict[str, float]:
    """Search for copies among their references with the protocol's metric.

    Args:
        protocol (Config): Config of the protocol; its networks, data and held-out sources are
            ignored.
        cfg (Config): Config of the run, whose networks are tested.
        checkpoint (str): Path of the run's weights.
        references (Files): Gallery.
        queries (Files): The copies.
        work_dir (Path): Folder of the log.
        samples (Path): Folder to keep decoded samples in.

    Returns:
        dict: Figures of :class:`FingerprintMetric`. Means by modality are over the distortions that
        change it; no source is held out.
    """
    protocol.model = dict(encoder_config(cfg.model), test_cfg=dict(per_clip=True))
    dataset = protocol.test_dataloader.dataset
    dataset.cache_dir = str(samples)
    for side, files in dict(gallery=references, query=queries).items():
        dataset[side].update(
            ann_file=str(files.manifest.absolute()),
            data_prefix=dict(video=str(files.root.absolute())),
            allow_outside=True,  # prepare_copies.py names with ..
        )
    protocol.test_dataloader.update(num_workers=1, persistent_workers=False)
    protocol.test_evaluator.update(held_out=0.0, out_dir=None)
    protocol.load_from = checkpoint
    protocol.work_dir = str(work_dir)
    protocol.experiment_name = '_'.join(work_dir.parts[-3:])
    return Runner.from_cfg(protocol).test()
