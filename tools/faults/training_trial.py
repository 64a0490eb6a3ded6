"""Starts, watches, kills and compares trainings for training_faults.py."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/demo/avtss_tiny.py'
MARK = 'TRAINING_FAULTS_TRIAL'
GRACE = 30
"""Seconds after the end of a training until all of its processes must be gone."""
WATCHED = [
    'default_hooks.checkpoint.max_keep_ckpts=1',
    'default_hooks.witness.type=training_witness.Witness',
]


class Trial:
    """One start of ``tools/train.py``.

    Args:
        work_dir: Work dir; the output goes to ``<work_dir>.log`` or ``.resumed.log``.
        options: Values of ``--cfg-options``.
        resume: Whether to pass ``--resume``.
        ranks: Number of ranks.
    """

    def __init__(self, work_dir, options: list[str], resume: bool = False, ranks: int = 1) -> None:
        self.work_dir = Path(work_dir)
        command = [sys.executable, ROOT / 'tools/train.py', CONFIG]
        if ranks > 1:
            command = ['bash', ROOT / 'tools/dist_train.sh', CONFIG, ranks]
        command += ['--work-dir', work_dir] + ['--resume'] * resume
        command += ['--cfg-options', *WATCHED, *options]
        self.mark = f'{os.getpid()}-{time.monotonic_ns()}'
        first = dict(PATH=Path(sys.executable).parent, PYTHONPATH=Path(__file__).parent)
        environment = {
            **os.environ,
            **{k: os.pathsep.join([str(v), os.environ.get(k, '')]) for k, v in first.items()},
            'PORT': str(20000 + time.monotonic_ns() // 1000 % 20000),
            'OMP_NUM_THREADS': '1',
            MARK: self.mark,
        }
        self.log = Path(f'{work_dir}{".resumed" * resume}.log')
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, 'w') as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def wait(self, seconds: float = 600) -> int:
        """Wait for the end; returns the exit status, or -1 if it hangs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            return -1

    def wait_for(self, pattern: str, seconds: float = 300) -> Path | None:
        """Wait for a file in the work dir; returns it, or None if the training ends before."""
        stop = time.monotonic() + seconds
        while time.monotonic() < stop:
            found = next(iter(self.work_dir.glob(pattern)), None)
            if found or self.process.poll() is not None:
                return found
            time.sleep(0.005)
        return None

    def processes(self) -> dict[int, str]:
        """Return its living processes with their command lines."""
        return {
            process.pid: ' '.join(process.info['cmdline'] or ())
            for process in psutil.process_iter(['environ', 'cmdline'])
            if (process.info['environ'] or {}).get(MARK) == self.mark
        }

    def children(self, parent: int) -> list[int]:
        """Return the processes that ``parent`` started."""
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(parent).children()]
        return []

    def left_behind(self) -> list[str]:
        """Return the command lines of processes that outlive it by ``GRACE``, and kill them."""
        stop = time.monotonic() + GRACE
        while self.processes() and time.monotonic() < stop:
            time.sleep(0.2)
        left = list(self.processes().values())
        self.end()
        return left

    def end(self) -> None:
        """Kill all of its processes that are left."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def message(self) -> str:
        """Return the end of its output, from ``error:`` on."""
        text = '\n' + self.log.read_text(errors='replace')
        place = text.find('\nerror: ')
        return text[place + 1 :].strip() if place >= 0 else ''


def fresh(folder: Path) -> Path:
    """Remove a folder; returns its path."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def last_epoch(work_dir) -> int:
    """Load the checkpoint that a resumed run would take; returns its epoch, or 0 if none."""
    import torch  # here: it takes seconds, and --help does not need it

    from avtss_mm.engine import find_last_checkpoint

    path, _ = find_last_checkpoint(work_dir)
    return torch.load(path, weights_only=True)['meta']['epoch'] if path else 0


def differences(one, two) -> list[str]:
    """Return the names of the entries in which two checkpoints differ, except times and paths."""
    import torch

    first, second = (dict(_leaves(torch.load(p, weights_only=True))) for p in (one, two))
    missing = first.keys() ^ second.keys()
    changed = [key for key in first.keys() & second.keys() if not _equal(first[key], second[key])]
    return sorted([*missing, *changed])


CLOCKS_AND_PATHS = ('cfg', 'time', 'data_time', 'experiment_name', 'last_ckpt', 'mmengine_version')


def _leaves(value: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if str(key).rpartition('/')[2] not in CLOCKS_AND_PATHS:
                yield from _leaves(item, f'{name}.{key}')
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _leaves(item, f'{name}[{index}]')
    else:
        yield name, value


def _equal(one: Any, two: Any) -> bool:
    import torch

    return one.equal(two) if isinstance(one, torch.Tensor) else one == two


@contextmanager
def small_disk(work_dir: Path) -> Iterator[bool]:
    """Mount a small disk at the work dir; yields whether that was possible."""
    work_dir.mkdir(parents=True)
    mounted = _run('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', work_dir)
    try:
        yield mounted
    finally:
        if mounted:
            _run('umount', '--lazy', work_dir)


@contextmanager
def locked(work_dir: Path) -> Iterator[None]:
    """Make the work dir read-only, also for processes that already use it."""
    mounted = _run('mount', '--bind', work_dir, work_dir)
    if mounted:
        _run('mount', '-o', 'remount,bind,ro', work_dir)
    else:
        work_dir.chmod(0o555)
    try:
        yield
    finally:
        if mounted:
            _run('umount', '--lazy', work_dir)
        else:
            work_dir.chmod(0o755)


def _run(*command) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
