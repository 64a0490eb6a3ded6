"""The measures of a run: groups of figures by name.

A new measure is a function here, which :data:`TAKEN_BY` lists, and a line in
:data:`avtss_mm.study.evaluations.MEASURES`. A figure ``x`` may have its chance level ``x_chance``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import mean

from mmengine.config import Config

from ...evaluation import ClipRetrievalMetric, KNNMetric, LinearProbeMetric
from ...evaluation.protocol import chance_of
from ...utils.config import read_config
from ..evaluations import MEASURES, Evaluation
from ..plan import Run, Study
from ..run_config import SAMPLES
from .copies import QUERIES, REFERENCES, Files, copies_folder, copy_recall
from .features import FileFeatures, embed_rows, read_rows, whole_rows, window_pairs
from .neighbors import neighbor_shares
from .synchrony import STRIDE, synchrony
from .temporal import temporal_accuracy
from .training_log import epochs_to_reach

Figures = dict[str, 'float | None']


class TrainedRun:
    """A run to measure; its features are computed when a measure first needs them.

    Args:
        study (Study): Study of the run.
        run (Run): Run to measure.
        cfg (Config): Config that the run was trained with.
        checkpoint (str): Path of the run's weights.
        evaluation (Evaluation): Data to measure on.
    """

    def __init__(
        self, study: Study, run: Run, cfg: Config, checkpoint: str, evaluation: Evaluation
    ) -> None:
        self.study = study
        self.run = run
        self.cfg = cfg
        self.checkpoint = checkpoint
        self.evaluation = evaluation

    @cached_property
    def folds(self) -> list[Fold]:
        """Features of galleries and queries; those of a file are computed once for all folds."""
        evaluation = self.evaluation
        labelled = self._needs('labelled')
        sides = [
            [read_rows(evaluation.root / name, evaluation.factors, labelled)[0] for name in names]
            for names in evaluation.folds
        ]
        queries = {row['filename']: row for _, rows in sides for row in rows}
        gallery = {row['filename']: row for rows, _ in sides for row in rows}
        gallery = {name: row for name, row in gallery.items() if name not in queries}
        stride = STRIDE if self._needs('grid') else None
        features = {**self._embed(gallery), **self._embed(queries, stride)}
        return [
            Fold(
                *([features[row['filename']] for row in side] for side in pair), evaluation.factors
            )
            for pair in sides
            if features
        ]

    def _embed(self, rows: dict[str, dict], stride: float | None = None) -> dict[str, FileFeatures]:
        shared = (self.study, self.cfg, self.checkpoint, self.evaluation.root)
        drawn = self._needs('pairs'), stride
        files = embed_rows(*shared, list(rows.values()), *drawn) if rows else []
        return {file.row['filename']: file for file in files}

    def _needs(self, what: str) -> bool:
        return any(getattr(MEASURES[name], what) for name in self.evaluation.measures)


@dataclass(frozen=True)
class Fold:
    """Features of the files of the gallery and of the queries."""

    gallery: list[FileFeatures]
    query: list[FileFeatures]
    factors: Sequence[str] = ()

    def by_factor(self) -> dict[str, tuple[list[dict], list[dict]]]:
        """Rows of gallery and queries, labelled by class and by each of its factors."""
        return {
            factor: (
                whole_rows(self.gallery, 'gallery', factor),
                whole_rows(self.query, 'query', factor),
            )
            for factor in ('label', *self.factors)
        }


def take(trained: TrainedRun, name: str) -> Figures:
    """Take a measure of a run: the mean over folds of the figures that all folds have."""
    if MEASURES[name].of_run:
        return TAKEN_BY[name](trained)
    folds = [TAKEN_BY[name](fold) for fold in trained.folds]
    names = [name for name in (folds or [{}])[0] if all(name in figures for figures in folds)]
    return {name: mean(figures[name] for figures in folds) for name in names}


def knn(fold: Fold) -> Figures:
    """``knn_<modality>_<factor>``: k-NN accuracy of features averaged over each file."""
    return _classify(fold, KNNMetric(), '{}_top1', 'knn')


def linear(fold: Fold) -> Figures:
    """``linear_<modality>_<factor>``: logistic regression with ``C`` chosen in the gallery."""
    return _classify(
        fold, LinearProbeMetric(classifiers=('logistic',)), '{}_logistic_top1', 'linear'
    )


def _classify(fold: Fold, metric, key: str, name: str) -> Figures:
    figures = {}
    for factor, sides in fold.by_factor().items():
        metrics = metric.compare(*sides)
        for modality in ('video', 'audio', 'joint'):
            if key.format(modality) in metrics:
                figures[f'{name}_{modality}_{factor}'] = metrics[key.format(modality)]
                figures[f'{name}_{modality}_{factor}_chance'] = metrics['chance']
    return figures


def retrieval(fold: Fold) -> Figures:
    """Recall at 1: ``v2v``, ``a2a``, ``v2a``, ``a2v`` of the class, ``pair_*`` of the same clip."""
    metrics = ClipRetrievalMetric(topk=(1,)).compare(*fold.by_factor()['label'])
    return {name.replace('_R@1', ''): value for name, value in metrics.items()}


def temporal(fold: Fold) -> Figures:
    """Speed, direction and order: see :func:`temporal_accuracy`."""
    return temporal_accuracy(window_pairs(fold.gallery), window_pairs(fold.query))


def sync(fold: Fold) -> Figures:
    """Rank of the true sound among those around it: see :func:`synchrony`."""
    grids = [file.grid for file in fold.query]
    if any(set(grid) != {'video', 'audio'} for grid in grids):
        return {}
    if any(clips.embedding is None for clips in grids[0].values()):
        return {}
    return synchrony(
        (g['video'].embedding, g['audio'].embedding, g['audio'].has_audio) for g in grids
    )


def fingerprint(trained: TrainedRun) -> Figures:
    """Recall at 1 of the copies that :func:`make_copies` made."""
    folder = copies_folder(trained.study, trained.evaluation)
    references = Files(folder / REFERENCES, trained.evaluation.root)
    return _recall(trained, 'fingerprint', references, Files(folder / QUERIES, folder))


def copies(trained: TrainedRun) -> Figures:
    """Recall at 1 of queries that are copies of gallery files, as ``prepare_copies.py`` lists them.

    The file names of each list are relative to its folder.
    """
    paths = [trained.evaluation.root / name for name in trained.evaluation.folds[0]]
    return _recall(trained, 'copies', *(Files(path, path.parent) for path in paths))


def _recall(trained: TrainedRun, name: str, references: Files, queries: Files) -> Figures:
    protocol = read_config(trained.study.fingerprint['config'])
    work_dir = trained.run.folder / trained.evaluation.prefixed(name)
    own = (trained.cfg, trained.checkpoint)
    samples = trained.study.out / SAMPLES
    metrics = copy_recall(protocol, *own, references, queries, work_dir, samples)
    figures = {}
    for letters in ('v', 'a', 'av'):
        key = f'fingerprint/{letters}_R@1'
        if key in metrics:
            figures[f'{name}_{letters}'] = metrics[key]
            figures[f'{name}_{letters}_chance'] = chance_of(key, metrics)
    return figures


def reach(trained: TrainedRun) -> Figures:
    """``epochs_to_<modality>``: see :func:`epochs_to_reach`."""
    return epochs_to_reach(trained.run.folder / 'train', trained.study.reach)


def neighbors(trained: TrainedRun) -> Figures:
    """``neighbors_{positives,negatives}_<modality>``: see :func:`neighbor_shares`."""
    if not trained.cfg.model.get('contrastive_head') or not trained.cfg.model.get('queue'):
        return {}
    figures = {}
    for modality, shares in neighbor_shares(trained.cfg, trained.checkpoint).items():
        for side in ('positives', 'negatives'):
            figures[f'neighbors_{side}_{modality}'] = shares[side]
            figures[f'neighbors_{side}_{modality}_chance'] = shares['chance']
    return figures


TAKEN_BY: dict[str, Callable[[Fold | TrainedRun], Figures]] = dict(
    knn=knn,
    linear=linear,
    retrieval=retrieval,
    temporal=temporal,
    synchrony=sync,
    fingerprint=fingerprint,
    copies=copies,
    reach=reach,
    neighbors=neighbors,
)
"""Function of each measure: it takes a fold, or a run if :class:`Measure` says so."""
