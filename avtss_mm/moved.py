"""Modules that moved after 0.1: their old import paths work until 0.3, with a warning."""

from __future__ import annotations

import importlib
import sys
import warnings
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = __name__.partition('.')[0]
MOVED = {
    'datasets.parcel': 'workers.parcel',
    'datasets.shared': 'datasets.shared_memory',
    'fingerprint.baselines': 'fingerprint.benchmark.baselines',
    'fingerprint.calibration': 'fingerprint.index.calibration',
    'fingerprint.catalog': 'fingerprint.index.catalog',
    'fingerprint.copies': 'fingerprint.benchmark.ground_truth',
    'fingerprint.distort': 'fingerprint.distortion.distort',
    'fingerprint.distort_sheet': 'fingerprint.distortion.sheet',
    'fingerprint.exact_search': 'fingerprint.benchmark.exact_search',
    'fingerprint.faiss_index': 'fingerprint.index.faiss_index',
    'fingerprint.filler': 'fingerprint.distortion.filler',
    'fingerprint.filters': 'fingerprint.distortion.filters',
    'fingerprint.fingerprint_metric': 'fingerprint.benchmark.fingerprint_metric',
    'fingerprint.fusion': 'fingerprint.matching.fusion',
    'fingerprint.index_whitening': 'fingerprint.index.index_whitening',
    'fingerprint.milvus_index': 'fingerprint.index.milvus_index',
    'fingerprint.overlay': 'fingerprint.distortion.overlay',
    'fingerprint.page_matrix': 'fingerprint.page.matrix',
    'fingerprint.page_media': 'fingerprint.page.media',
    'fingerprint.page_timeline': 'fingerprint.page.timeline',
    'fingerprint.render': 'fingerprint.distortion.render',
    'fingerprint.robustness_table': 'fingerprint.benchmark.robustness_table',
    'fingerprint.scores': 'fingerprint.benchmark.scores',
    'fingerprint.sound': 'fingerprint.distortion.sound',
    'fingerprint.suite': 'fingerprint.distortion.suite',
    'fingerprint.tables': 'fingerprint.index.tables',
    'fingerprint.vector_index': 'fingerprint.index.vector_index',
    'fingerprint.vsc': 'fingerprint.benchmark.vsc',
    'fingerprint.whitening': 'fingerprint.matching.whitening',
    'media.foreign': 'media.fallback_reader',
    'media.guarded_map': 'workers.guarded_map',
    'preparation.report': 'utils.report',
    'study.features': 'study.measures.features',
    'study.fingerprints': 'study.measures.copies',
    'study.kept_clips': 'study.measures.kept_clips',
    'study.synchrony': 'study.measures.synchrony',
    'study.table': 'study.report.table',
    'study.temporal': 'study.measures.temporal',
    'study.training_log': 'study.measures.training_log',
    'study.windows': 'study.measures.windows',
    'utils.checkpoint': 'checkpoints.plain',
    'utils.cpu_launcher': 'compat.cpu_launcher',
    'utils.ending': 'engine.signals',
    'utils.export': 'checkpoints.export',
    'utils.feature_file': 'files.feature_file',
    'utils.feature_log': 'files.feature_log',
    'utils.load_report': 'checkpoints.load_report',
    'utils.memory': 'engine.memory',
    'utils.registered': 'checkpoints.registered',
    'utils.weight_layouts': 'checkpoints.layouts',
    'utils.whole_file': 'files.whole_file',
    'visualization.robustness': 'fingerprint.benchmark.figure',
    'visualization.study': 'study.report.figure',
}
"""New modules by old names, relative to this package."""


class MovedModules(MetaPathFinder, Loader):
    """Finds the new module of an old import path."""

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name.removeprefix(f'{PACKAGE}.') in MOVED else None

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__
        new = f'{PACKAGE}.{MOVED[old.removeprefix(f"{PACKAGE}.")]}'
        warnings.warn(f'{old} is now {new}; 0.3 drops the old path', DeprecationWarning, 2)
        sys.modules[old] = importlib.import_module(new)


sys.meta_path.append(MovedModules())
