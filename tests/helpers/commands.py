"""The public commands, run as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NO_WORKERS = [
    f'{side}_dataloader.{key}'
    for side in ('train', 'test')
    for key in ('num_workers=0', 'persistent_workers=False')
]
"""Options for data sets of a few files."""


def tool(name: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess:
    """Run ``tools/<name>``; unless ``check`` is False, its failure fails the test."""
    command = [sys.executable, str(ROOT / 'tools' / name), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if check and result.returncode:
        raise AssertionError(result.stdout[-3000:] + result.stderr[-3000:])
    return result
