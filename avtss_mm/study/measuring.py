"""Measures a run, in its own process."""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import save_checkpoint

from ..apis.encoder import encoder_config
from ..media import load_manifest
from ..utils.seeding import seeded
from ..utils.software import software
from .measures.groups import TrainedRun, take
from .plan import RANDOM, Run, Study
from .results import read_results, write_results

CONFIG, TRAINED = 'config.py', 'trained.json'
"""In the folder of a run: its config, and the seconds of its training once that is done."""


def measure_run(study: Study, run: Run) -> None:
    """Take the measures that are still missing, and save them group by group.

    Args:
        study (Study): Study that defines the measures.
        run (Run): Run to measure; its folder has the config and, unless it is untrained, the
            weights.
    """
    cfg = Config.fromfile(run.folder / CONFIG)
    checkpoint = last_checkpoint(run)
    if run.variant.name == RANDOM:
        write_initial_weights(cfg, run.seed, checkpoint)
    meta = torch.load(checkpoint, map_location='cpu', weights_only=True)['meta']
    results = read_results(study, run) or dict(settings={}, groups={})
    results['facts'] = dict(
        results.get('facts', {}),
        steps=meta.get('iter', 0),
        batch_size=cfg.train_dataloader.batch_size,
        videos=count_files(study, cfg),
        software=software(),
    )
    if (run.folder / TRAINED).exists():
        results['facts']['train_seconds'] = json.loads((run.folder / TRAINED).read_text())
    for evaluation in study.evaluations.values():
        trained = TrainedRun(study, run, cfg, str(checkpoint), evaluation)
        for measure in evaluation.measures:
            name = evaluation.prefixed(measure)
            if name in results['groups']:
                continue
            start = time.perf_counter()
            figures = take(trained, measure)
            results['groups'][name] = {evaluation.prefixed(k): v for k, v in figures.items()}
            results['settings'][name] = study.settings(name)
            seconds = results['facts'].setdefault('seconds', {})
            seconds[name] = round(time.perf_counter() - start, 1)
            print_log(f'{run}: {name} took {seconds[name]} s')
            write_results(run, results)


def count_files(study: Study, cfg: Config) -> dict[str, int]:
    """Count the files of ``train``, and of each ``gallery`` and ``query`` over all folds."""

    def count(*paths: Path) -> int:
        lists = [load_manifest(path, allow_outside=True)[0] for path in paths]
        return len({row['filename'] for rows in lists for row in rows})

    train = count(study.root / study.data['train'])
    chosen = cfg.train_dataloader.dataset.get('indices')
    counts = dict(train=train if chosen is None else chosen)
    for evaluation in study.evaluations.values():
        for side, names in zip(('gallery', 'query'), zip(*evaluation.folds)):
            counts[evaluation.prefixed(side)] = count(*(evaluation.root / name for name in names))
    return counts


def last_checkpoint(run: Run) -> Path:
    """Path of the weights of a trained run."""
    if run.variant.name == RANDOM:
        return run.folder / 'initial.pth'
    named = (run.folder / 'train' / 'last_checkpoint').read_text().strip()
    return run.folder / 'train' / Path(named).name


def write_initial_weights(cfg: Config, seed: int, path: Path) -> None:
    """Write the initial weights of a config's networks, drawn from a seed."""
    with seeded(seed):
        model = MODELS.build(encoder_config(cfg.model))
        model.init_weights()
    save_checkpoint(dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)), str(path))
