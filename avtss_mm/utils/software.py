"""The software with which a figure was computed."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ('torch', 'mmengine', 'mmaction2', 'scikit-learn')


def software() -> dict[str, str]:
    """Versions of the software, and the commit of this package in a checkout."""
    facts = {name: version(name) for name in ('avtss-mm', *PACKAGES)}
    here = Path(__file__).parent

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(['git', *words], cwd=here, capture_output=True, text=True)
        except OSError:  # no git
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git('rev-parse', '--short', 'HEAD')
    if commit is not None:
        changed = git('status', '--porcelain', '--untracked-files=no')
        facts['commit'] = f'{commit} with local changes' if changed else commit
    return facts
