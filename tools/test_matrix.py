#!/usr/bin/env python
"""Run the tests in several environments, one after the other, and write a table.

python tools/test_matrix.py             all whose Python is installed (make test-matrix)
python tools/test_matrix.py newest --all    some of them, the slow tests included

Each environment is built from nothing and deleted: some 7 GB of disk, and of downloads the first
time, for each. The logs stay in ``work_dirs/test_matrix``.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / 'docs/test_matrix.md'
LOGS = ROOT / 'work_dirs/test_matrix'
SHOWN = ('torch', 'numpy', 'opencv-python', 'av', 'mmengine', 'setuptools', 'pyarrow')
NUMPY_1, NUMPY_2 = 'constraints.txt', 'constraints-numpy2.txt'
ENVIRONMENTS = {  # name: Python, what limits the versions
    'oldest': ('3.10', 'lower bounds of setup.py'),
    'NumPy 1': ('3.11', NUMPY_1),
    'middle': ('3.12', NUMPY_1),
    'NumPy 2': ('3.13', NUMPY_2),
    'newest': ('3.14', NUMPY_2),
    'by hand': ('3.13', 'nothing'),  # as a user does: what breaks tomorrow shows here first
}
HALF = 4  # column of the table
HEAD = """# Environments

The tests in environments of their own, by `make test-matrix` on Linux: the fast ones of
`make test-fast`, or all of `make test`. "By hand" takes the newest versions of that day. Minutes
are those of the installation and of the tests.

| environment | Python | versions | limited by | tests | outcome | minutes | commit | date |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help=', '.join(ENVIRONMENTS))
    parser.add_argument('--all', action='store_true', help='the slow tests, too')
    parser.add_argument('--jobs', type=int, default=2, help='processes of the tests (2)')
    args = parser.parse_args()
    if unknown := set(args.names) - set(ENVIRONMENTS):
        sys.exit(f'error: no environment {", ".join(sorted(unknown))}: {", ".join(ENVIRONMENTS)}')
    git = ['git', 'describe', '--always', '--dirty']
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    tests = [f'JOBS={args.jobs}', 'test' if args.all else 'test-fast']
    LOGS.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in args.names or ENVIRONMENTS:
        version, limit = ENVIRONMENTS[name]
        python = f'python{version}'
        if not runs(python):
            print(f'{name}: no {python} that runs, left out')
            continue
        log = LOGS / f'{name.replace(" ", "_")}.log'
        with tempfile.TemporaryDirectory(prefix='avtss-env-') as folder, open(log, 'w+') as output:
            versions, minutes, passed = run_in(python, limit, Path(folder), tests, output)
        outcome = summary(log.read_text(encoding='utf-8', errors='replace'))
        half = 'all' if args.all else 'fast'
        row = [name, version, versions, limit, half, outcome, minutes, commit, str(date.today())]
        write_row(row)
        print(f'{name}: {outcome}', flush=True)
        failed += [] if passed else [str(log)]
    sys.exit(f'error: see {", ".join(failed)}' if failed else 0)


def runs(python: str) -> bool:
    """Whether a Python is there; the names of pyenv exist for versions that are not chosen, too."""
    found = shutil.which(python)
    return found is not None and subprocess.run([found, '-V'], capture_output=True).returncode == 0


def run_in(
    python: str, limit: str, folder: Path, tests: list[str], log: TextIO
) -> tuple[str, str, bool]:
    """Versions in a new environment, minutes, and whether its tests passed."""

    def succeeds(*command) -> bool:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        return done.returncode == 0

    def minutes() -> str:
        return f'{(time.monotonic() - begin) / 60:.0f}'

    begin = time.monotonic()
    own, limits = folder / 'bin/python', ROOT / limit
    if not limits.is_file():  # by hand; make test finds what make dev leaves
        limits = folder / 'limits.txt'
        limits.write_text('' if limit == 'nothing' else '\n'.join(lower_bounds()))
    make = ['make', f'PYTHON={python}', f'VENV={folder}', f'CONSTRAINTS={limits}']
    if limits.parent == ROOT:
        installed = succeeds(*make, 'dev')
    else:
        pip = [own, '-m', 'pip', 'install', '-q', '-c', limits, '-e', '.[lite,dev]']
        installed = succeeds(python, '-m', 'venv', folder) and succeeds(*pip)
        for stamp in ('.installed', '.installed-dev'):
            (folder / stamp).touch()
    if not installed:
        return '', minutes(), False
    taken, begin = minutes(), time.monotonic()
    freeze = [own, '-m', 'pip', 'freeze', '--all']
    lines = subprocess.run(freeze, capture_output=True, text=True, check=True).stdout.splitlines()
    found = dict(line.split('==') for line in lines if '==' in line)
    versions = ', '.join(f'{name} {found.get(name, "-")}' for name in SHOWN)
    passed = succeeds(*make, *tests)
    return versions, f'{taken} + {minutes()}', passed


def lower_bounds() -> list[str]:
    """The oldest release lines that setup.py allows, as constraints."""
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    bounds = re.findall(r"^ +(?:'lite': \[)?'([\w-]+)>=([\d.]+)", text, re.MULTILINE)
    return [f'{name}=={version}.*' for name, version in bounds]


def summary(log: str) -> str:
    """The counts of pytest, or the last error of an installation."""
    counts = re.findall(r'^=* ?((?:\d+ \w+,? )+in [\d.]+s)', log, re.MULTILINE)
    errors = re.findall(r'^ERROR:? .*', log, re.MULTILINE)
    return (counts or errors or ['no output'])[-1].replace('|', '/')


def write_row(row: list[str]) -> None:
    """Replace the row of an environment and its half of the tests in the table, or add it."""
    old = TABLE.read_text(encoding='utf-8')[len(HEAD) :] if TABLE.is_file() else ''
    cells = [line.strip('| ').split(' | ') for line in old.splitlines()]
    kept = [other for other in cells if (other[0], other[HALF]) != (row[0], row[HALF])]
    rows = ['| ' + ' | '.join(other) + ' |' for other in kept]
    order = [f'| {name} |' for name in ENVIRONMENTS]
    rows.append('| ' + ' | '.join(row) + ' |')
    rows.sort(key=lambda line: [line.startswith(start) for start in order], reverse=True)
    TABLE.write_text(HEAD + '\n'.join(rows) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
