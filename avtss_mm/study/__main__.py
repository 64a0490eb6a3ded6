"""Measures one run of a study: ``python -m avtss_mm.study OUT/VARIANT/seedK``."""

from __future__ import annotations

import os

# Before torch is imported: waiting OpenMP threads must not take the core of a decoder.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..engine.memory import keep_freed_memory
from ..utils.cli import user_errors
from .measuring import measure_run
from .plan import read_study
from .running import STUDY_FILE


def main() -> None:
    """Measure the run named on the command line."""
    folder = Path(sys.argv[1])
    out = folder.parent.parent
    init_default_scope('mmaction')
    keep_freed_memory()
    with user_errors():
        study = read_study(Config.fromfile(folder / STUDY_FILE), out, out.name)
        measure_run(study, next(run for run in study.runs() if run.folder == folder))


if __name__ == '__main__':
    main()
