"""Runs the public commands as a user runs them."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]
NO_WORKERS = [
    f'{side}_dataloader.{key}'
    for side in ('train', 'test')
    for key in ('num_workers=0', 'persistent_workers=False')
]
"""Options that load small data sets without worker processes."""

SERVER = multiprocessing.get_context('forkserver')
"""Forks each command from a process that has already imported the common modules: the imports would
take most of the time of a small command."""


def tool(name: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess:
    """Run ``tools/<name>``; unless ``check`` is False, its failure fails the test."""
    words = [str(ROOT / 'tools' / name), *map(str, arguments)]
    _start_server()
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ('stdout', 'stderr')]
        process = SERVER.Process(target=_run, args=(words, dict(os.environ), os.getcwd(), streams))
        process.start()
        process.join()
        texts = [stream.read_text(errors='replace') for stream in streams]
    result = subprocess.CompletedProcess(words, process.exitcode, *texts)
    if check and result.returncode:
        raise AssertionError(result.stdout[-3000:] + result.stderr[-3000:])
    return result


@cache
def _start_server() -> None:
    with pytest.MonkeyPatch.context() as patch:  # Python 3.11 hands it no other path
        patch.setenv('PYTHONPATH', os.pathsep.join([str(ROOT / 'tests'), str(ROOT)]))
        SERVER.set_forkserver_preload(['helpers.preload'])
        forkserver.ensure_running()


def _run(words: list[str], environment: dict, folder: str, streams: list[Path]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    multiprocessing.set_start_method(None, force=True)  # as in a process that a shell started
    sys.argv = words
    sys.path.insert(0, str(Path(words[0]).parent))
    runpy.run_path(words[0], run_name='__main__')
