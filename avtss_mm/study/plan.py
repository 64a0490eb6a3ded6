"""The plan of a study: its variants, seeds, data and measures."""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from mmengine.config import Config

from ..errors import UsageError
from .evaluations import Evaluation, read_evaluations

RANDOM = 'random'
"""The untrained variant: initial weights of its config's networks.

If it has no config (None, or not listed), it uses the networks of the first trained variant. If it
is not listed, it is the first row.
"""

REQUIRED = ('data', 'seeds', 'budget', 'variants')
OPTIONAL = (
    'measures', 'evaluations', 'options', 'temporal', 'fingerprint', 'reach', 'show', 'scale',
    'keep_samples',
)  # fmt: skip
MONITORED = ('video', 'audio', 'joint')
DATA = dict(train='train.json', gallery='train.json', query='test.json', factors=(), toy=None)
TEMPORAL = dict(speeds=(1, 2, 4, 8), draws=2)
FINGERPRINT = dict(
    config='avtss_mm::demo/fingerprint_toy.py',
    distortions=('crop', 'gamma', 'trim', 'audio_noise', 'pitch'),
    severity=2,
    num_videos=16,
    num_references=64,
)
SCALE = dict(videos=(), gains={}, figures=(), levels=())


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    Attributes:
        name: Name of the row and of the folder of its runs.
        config: Path of the config to train; for :data:`RANDOM`, config of the networks.
        options: Changes to the config, in the form of ``--cfg-options``.
        epochs: Number of training epochs.
    """

    name: str
    config: str
    options: dict = field(default_factory=dict)
    epochs: int = 0


@dataclass(frozen=True)
class Run:
    """One variant with one seed, and the folder of its results."""

    variant: Variant
    seed: int
    folder: Path

    def __str__(self) -> str:
        return f'{self.variant.name} seed {self.seed}'

    @property
    def results_path(self) -> Path:
        """Path of its results; the file exists as soon as something is measured."""
        return self.folder / 'results.json'


@dataclass(frozen=True)
class Study:
    """A study config, checked and completed.

    Attributes:
        name: Name of the config.
        out: Folder of the study; the folder of a run is ``OUT/<variant>/seed<k>``.
        data: Data of the study: ``root``; manifests below it: ``train`` (labels are only read if a
            config does so), ``gallery`` and ``query`` (labelled, also for the k-NN monitor of
            training; defaults: train.json, test.json); ``factors``, names of the parts of a class
            name such as ``bounce-bell``; ``toy``, arguments of tools/data/make_toy_dataset.py, if
            that makes the data.
        seeds: Seeds of the runs of each variant.
        variants: Variants by name, in the order of the table.
        evaluations: Measures on ``gallery`` and ``query``, and on further data.
        options: Changes to all configs.
        temporal: Settings of the temporal measure: ``speeds``, and ``draws``, the number of pairs
            of windows per video.
        fingerprint: Settings of the search for copies: ``config`` of the protocol,
            ``distortions``, ``severity``, and the numbers of test videos that are references
            (``num_references``) and that have copies (``num_videos``).
        reach: k-NN accuracies of ``video``, ``audio`` and ``joint`` features for which the number
            of epochs until they are reached is measured.
        show: Figures to draw; empty: the usual ones.
        scale: What :mod:`avtss_mm.study.report.gains` reports: ``videos``, sizes of the training
            set, for each of which every part has a variant ``<part>_<videos>``; ``gains``, by
            title the part with something and the one without it; ``figures``, the figures in which
            a gain is measured; ``levels``, those that are shown themselves.
        keep_samples: Whether to keep the decoded samples of a seed when all of its runs are done.
        cfg: The config itself, with all options.
    """

    name: str
    out: Path
    data: dict
    seeds: tuple[int, ...]
    variants: dict[str, Variant]
    evaluations: dict[str, Evaluation]
    options: dict
    temporal: dict
    fingerprint: dict
    reach: dict
    show: tuple[str, ...]
    scale: dict
    keep_samples: bool
    cfg: Config

    @property
    def root(self) -> Path:
        """Folder that the manifests are relative to."""
        return Path(self.data['root'])

    def runs(self) -> list[Run]:
        """All runs: every variant with the first seed, then every variant with the next."""
        return [
            Run(variant, seed, self.out / variant.name / f'seed{seed}')
            for seed in self.seeds
            for variant in self.variants.values()
        ]

    def groups(self) -> dict[str, tuple[Evaluation, str]]:
        """Evaluation and measure of each group of figures by name, in the order of the table."""
        return {
            evaluation.prefixed(measure): (evaluation, measure)
            for evaluation in self.evaluations.values()
            for measure in evaluation.measures
        }

    def settings(self, group: str) -> dict:
        """Settings on which a group of figures depends; if they change, it is measured again."""
        evaluation, measure = self.groups()[group]
        own = dict(temporal=self.temporal, fingerprint=self.fingerprint, reach=self.reach)
        own['copies'] = self.fingerprint['config']
        data = {name: getattr(evaluation, name) for name in ('gallery', 'query', 'factors')}
        return dict(data=data, own=own.get(measure))


def resolve_paths(cfg: Config) -> Config:
    """Make the paths in a study config absolute; they are relative to its folder."""
    folder = os.path.dirname(os.path.abspath(cfg.filename))
    cfg = copy.deepcopy(cfg)

    def resolve(config: str) -> str:
        if '::' in config:
            return config
        return os.path.normpath(os.path.join(folder, config))

    for name, variant in cfg.get('variants', {}).items():
        if isinstance(variant, str):
            cfg.variants[name] = dict(config=resolve(variant))
        elif variant is not None:
            variant.config = resolve(variant.config)
    if 'config' in (cfg.get('fingerprint') or {}):
        cfg.fingerprint.config = resolve(cfg.fingerprint.config)
    return cfg


def read_study(cfg: Config, out: str | Path, name: str) -> Study:
    """Check a study config that :func:`resolve_paths` has returned.

    Raises:
        UsageError: If something is missing, unknown or not possible.
    """
    given = {key: value for key, value in cfg.to_dict().items() if not key.startswith('_')}
    missing = [key for key in REQUIRED if key not in given]
    unknown = [key for key in given if key not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        raise UsageError(
            f'{name}: a study needs {", ".join(REQUIRED)} and may have {", ".join(OPTIONAL)}; '
            f'missing: {", ".join(missing) or "none"}, unknown: {", ".join(unknown) or "none"}'
        )
    seeds = tuple(given['seeds'])
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(f'seeds must be different numbers, got {seeds}')
    epochs = given['budget'].get('epochs', 0)
    if set(given['budget']) != {'epochs'} or epochs < 1:
        raise UsageError(f'budget must be dict(epochs=N), got {given["budget"]}')
    data = _complete('data', given['data'], DATA, needed=('root',))
    variants = _read_variants(given['variants'], epochs)
    return Study(
        name=name,
        out=Path(out),
        data=data,
        seeds=seeds,
        variants=variants,
        evaluations=read_evaluations(data, given.get('measures', ()), given.get('evaluations')),
        options=given.get('options') or {},
        temporal=_complete('temporal', given.get('temporal'), TEMPORAL),
        fingerprint=_complete('fingerprint', given.get('fingerprint'), FINGERPRINT),
        reach=_complete('reach', given.get('reach'), {}, optional=MONITORED),
        show=tuple(given.get('show') or ()),
        scale=_read_scale(given.get('scale'), variants),
        keep_samples=given.get('keep_samples', True),
        cfg=cfg,
    )


def _complete(
    name: str, given: dict | None, defaults: dict, needed: tuple = (), optional: tuple = ()
) -> dict:
    given, possible = given or {}, (*needed, *defaults, *optional)
    if not set(needed) <= set(given) <= set(possible):
        raise UsageError(f'{name} is a dict of {", ".join(possible)}; got {", ".join(given)}')
    return {**defaults, **given}


def _read_scale(given: dict | None, variants: dict[str, Variant]) -> dict:
    scale = _complete('scale', given, SCALE)
    parts = {part for pair in scale['gains'].values() for part in pair}
    names = sorted(f'{part}_{videos}' for part in parts for videos in scale['videos'])
    absent = [name for name in names if name not in variants]
    if absent:
        raise UsageError(f'scale: there is no variant {absent[0]}')
    return scale


def _read_variants(given: dict, epochs: int) -> dict[str, Variant]:
    for name, variant in given.items():
        if not re.fullmatch(r'[\w.+-]+', name):
            raise UsageError(f'variant {name!r}: a name has letters, digits and . + - _ only')
        if variant is None and name != RANDOM:
            raise UsageError(f"variant {name!r}: only '{RANDOM}' may be without a config")
    read = {
        name: Variant(name, v['config'], v.get('options') or {}, v.get('epochs', epochs))
        for name, v in given.items()
        if v
    }
    trained = [variant for name, variant in read.items() if name != RANDOM]
    if not trained:
        raise UsageError('a study needs a variant that is trained')
    untrained = replace(trained[0], name=RANDOM)
    names = given if RANDOM in given else [RANDOM, *given]
    return {name: read.get(name, untrained) for name in names}
