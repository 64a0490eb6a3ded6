"""Runs the public commands as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile

from helpers.warm_python import run, warm_python

ROOT = Path(__file__).parents[2]
NO_WORKERS = [
    f'{side}_dataloader.{key}'
    for side in ('train', 'test')
    for key in ('num_workers=0', 'persistent_workers=False')
]
"""Options that load small data sets without worker processes."""


def tool(
    name: str, *arguments: object, check: bool = True, starts_fresh: bool = False
) -> subprocess.CompletedProcess:
    """Run ``tools/<name>``; unless ``check`` is False, its failure fails the test.

    ``starts_fresh``: what it starts is its own child, which :mod:`helpers.warm_python` is not.
    """
    words = [str(ROOT / 'tools' / name), *map(str, arguments)]
    text = dict(mode='w+', errors='replace')
    with open(os.devnull) as stdin, TemporaryFile(**text) as out, TemporaryFile(**text) as err:
        streams = [file.fileno() for file in (stdin, out, err)]
        status = run(warm_python(), words, streams, sys.executable if starts_fresh else None)
        out.seek(0)
        err.seek(0)
        result = subprocess.CompletedProcess(words, status, out.read(), err.read())
    if check and result.returncode:
        raise AssertionError(result.stdout[-3000:] + result.stderr[-3000:])
    return result
