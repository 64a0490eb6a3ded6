"""Finding distorted copies by a run's networks."""

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
    """Where the distorted copies of an evaluation's queries are."""
    return study.out / '_'.join(filter(None, ('copies', evaluation.name)))


def make_copies(
    study: Study,
    evaluation: Evaluation,
    workers: int = 1,
    progress=lambda results, total: results,
) -> None:
    """Make the distorted copies that all runs search for; what is there already stays.

    Args:
        study (Study): Says how they are distorted. ``OUT/copies`` gets them, with a list of them
            and one of the references.
        evaluation (Evaluation): Some of its queries, evenly spread over their list, are references,
            and some of these, evenly spread too, are copied. Where it has a name the folder is
            ``OUT/copies_<name>``.
        workers (int): Processes. Defaults to 1.
        progress: Wraps the results, whose number it is told, into a bar for instance.

    Raises:
        FileNotFoundError: If the manifest is not there.
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
    """Search copies among their references by the protocol's metric.

    Args:
        protocol (Config): Its networks, data and held-out sources do not count.
        cfg (Config): Config of the run, whose networks are tested.
        checkpoint (str): Its weights.
        references (Files): What is searched.
        queries (Files): The copies.
        work_dir (Path): Folder of the log.
        samples (Path): Folder that keeps what is decoded.

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
