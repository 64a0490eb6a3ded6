"""Measures one run of an existing study: ``python -m avtss_mm.study OUT VARIANT SEED``."""

from __future__ import annotations

import os

# Before torch is imported: waiting OpenMP threads must not take the core of a decoder.
os.environ.setdefault('OMP_WAIT_POLICY', 'PASSIVE')

import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..engine.memory import keep_freed_memory
from ..errors import UsageError
from ..utils.cli import user_errors
from .measuring import measure_run
from .plan import read_study
from .running import STUDY_FILE


def main() -> None:
    """Measure the run named on the command line."""
    out, name, seed = sys.argv[1:]
    init_default_scope('mmaction')
    keep_freed_memory()
    with user_errors():
        study = read_study(Config.fromfile(Path(out, STUDY_FILE)), out, Path(out).name)
        runs = [r for r in study.runs() if (r.variant.name, str(r.seed)) == (name, seed)]
        if not runs:
            raise UsageError(f'{out} has no run {name} with seed {seed}')
        measure_run(study, runs[0])


if __name__ == '__main__':
    main()
