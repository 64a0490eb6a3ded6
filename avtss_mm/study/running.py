"""Runs a study: processes that may be killed at any time train and measure each run."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mmengine.logging import print_log

from ..files.whole_file import write_whole
from .measuring import CONFIG, TRAINED, last_checkpoint
from .plan import RANDOM, Run, Study
from .results import is_finished
from .run_config import SAMPLES, run_config

STUDY_FILE = 'study.py'
"""File in the folder of a run: the config of the study that measures it, with all options."""


BUSY = 'busy'


class RunFailed(Exception):
    """A run cannot be finished; the text says why, and names its log."""


def complete(study: Study, run: Run, train_tool: Path, environment: dict[str, str]) -> None:
    """Train and measure a run, as far as this is not done yet.

    Two studies may share a folder, even if one is the remainder of a killed study: the second one
    waits until the first has finished the run.

    Args:
        study (Study): Study of the run.
        run (Run): Run to complete.
        train_tool (Path): Path of ``tools/train.py``.
        environment (dict): Environment variables of its processes.

    Raises:
        RunFailed: If its config, its training or a measure fails.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    with _locked(run.folder / 'lock') as lock:
        if is_finished(study, run):
            return
        try:
            _write_config(study, run)
        except Exception as error:  # any mistake in a config: other variants continue
            raise RunFailed(f'its config: {type(error).__name__}: {error}') from error
        shared = dict(lock=lock, environment=environment)
        if run.variant.name != RANDOM and not (run.folder / TRAINED).exists():
            _drop_lost_checkpoint(run)
            start = time.time()
            _execute(run, 'train', [train_tool, run.folder / CONFIG, '--resume'], **shared)
            write_whole(run.folder / TRAINED, json.dumps(round(time.time() - start, 1)) + '\n')
        # In the folder of the run: another study of OUT may have other seeds or options.
        write_whole(run.folder / STUDY_FILE, study.cfg.pretty_text)
        _execute(run, 'measure', ['-m', 'avtss_mm.study', run.folder], **shared)
    if not study.keep_samples:
        drop_samples(study)


def drop_samples(study: Study) -> None:
    """Remove the decoded training samples of the seeds whose runs are all finished."""
    unfinished = {run.seed for run in study.runs() if not is_finished(study, run)}
    for seed in set(study.seeds) - unfinished:
        for folder in (study.out / SAMPLES).glob(f'*/seed{seed}'):
            shutil.rmtree(folder)


def complete_all(
    study: Study, runs: Sequence[Run], train_tool: Path, jobs: int = 1, poll: float = 1.0
) -> Iterator[tuple[Run, str | None]]:
    """Complete runs, ``jobs`` at the same time; a failed run does not end the others.

    Args:
        study (Study): Study of the runs.
        runs (Sequence[Run]): Runs, in the order in which they start.
        train_tool (Path): Path of ``tools/train.py``.
        jobs (int): Number of runs at the same time. Defaults to 1.
        poll (float): Seconds between progress reports. Defaults to 1.

    Yields:
        tuple: A finished run, and None or the reason of its failure; in between, as a progress
        report, an unfinished run and ``BUSY``.
    """
    threads = max((os.cpu_count() or 1) // jobs, 1)
    environment = {} if 'OMP_NUM_THREADS' in os.environ else dict(OMP_NUM_THREADS=str(threads))
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(complete, study, run, train_tool, environment): run for run in runs}
        while waiting:
            done, _ = wait(waiting, timeout=poll, return_when=FIRST_COMPLETED)
            for future in done:
                error = future.exception()
                if error is not None and not isinstance(error, RunFailed):
                    raise error
                yield waiting.pop(future), None if error is None else str(error)
            active = [run for future, run in waiting.items() if future.running()]
            if active and not done:
                yield active[0], BUSY
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def state_of(study: Study, run: Run) -> str:
    """Describe the state of a running run in a few words."""
    if run.variant.name == RANDOM or (run.folder / TRAINED).exists():
        return f'{run}: measuring'
    try:
        epoch = int(last_checkpoint(run).stem.rpartition('_')[2])
    except (OSError, ValueError):  # none yet
        epoch = 0
    return f'{run}: epoch {epoch} of {run.variant.epochs}'


@contextmanager
def _locked(path: Path) -> Iterator[IO]:
    """Hold the lock of a file. The processes of a run inherit it, so it lasts until they end."""
    with open(path, 'a') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print_log(f'{path.parent}: waiting for another process that works on it')
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _write_config(study: Study, run: Run) -> None:
    path, text = run.folder / CONFIG, run_config(study, run).pretty_text
    if path.exists() and path.read_text() != text and _is_begun(run):
        raise ValueError(
            f'{run.folder} was started with another config: choose another --out, or delete it'
        )
    write_whole(path, text)


def _is_begun(run: Run) -> bool:
    return (run.folder / 'train').exists() or run.results_path.exists()


def _drop_lost_checkpoint(run: Run) -> None:
    """Remove a marker whose checkpoint is missing: --resume would always fail."""
    marker = run.folder / 'train' / 'last_checkpoint'
    if marker.exists() and not last_checkpoint(run).is_file():
        marker.unlink()


def _execute(run: Run, step: str, words: list, lock: IO, environment: dict[str, str]) -> None:
    """Run Python; its output goes to a log in the folder of the run."""
    path = run.folder / f'{step}.log'
    with open(path, 'ab') as log:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.fileno(),),
            env={**os.environ, **environment},
        )
    if done.returncode:
        lines = path.read_text(errors='replace').strip().splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), 'no output')
        raise RunFailed(f'{step} ended with code {done.returncode}: {last} (see {path})')
