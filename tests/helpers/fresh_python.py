"""A fresh Python process, to test what happens at import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_python(code: str, *extra_path) -> subprocess.CompletedProcess:
    """Run code in a new process, with extra folders before the checkout on its path."""
    path = os.pathsep.join(map(str, (*extra_path, ROOT)))
    return subprocess.run(
        [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': path},
        capture_output=True,
        text=True,
        timeout=120,
    )
