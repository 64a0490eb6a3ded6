#!/usr/bin/env python
"""Run the fast tests in several environments, one after the other, and write a table.

python tools/test_matrix.py             all whose Python is installed (make test-matrix)
python tools/test_matrix.py newest      some of them

Each environment is built from nothing and deleted: some 7 GB of disk, and of downloads the first
time, for each.
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

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / 'docs/test_matrix.md'
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
HEAD = """# Environments

The fast tests (`make test-fast`) in environments of their own, by `make test-matrix` on Linux. "By
hand" takes the newest versions of that day.

| environment | Python | versions | limited by | outcome | minutes | date |
| --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('names', nargs='*', metavar='NAME', help=', '.join(ENVIRONMENTS))
    parser.add_argument('--tests', nargs='+', default=['-m', 'not slow'], help='for pytest')
    args = parser.parse_args()
    if unknown := set(args.names) - set(ENVIRONMENTS):
        sys.exit(f'error: no environment {", ".join(sorted(unknown))}: {", ".join(ENVIRONMENTS)}')
    failed = False
    for name in args.names or ENVIRONMENTS:
        version, limit = ENVIRONMENTS[name]
        python = shutil.which(f'python{version}')
        if python is None:
            print(f'{name}: no python{version} on the PATH, left out')
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix='avtss-env-') as folder:
            versions, outcome, passed = run_in(python, limit, Path(folder), args.tests)
        failed |= not passed
        minutes = f'{(time.monotonic() - begin) / 60:.0f}'
        write_row([name, version, versions, limit, outcome, minutes, str(date.today())])
        print(f'{name}: {outcome}')
    sys.exit(failed)


def run_in(python: str, limit: str, folder: Path, tests: list[str]) -> tuple[str, str, bool]:
    """Versions in a new environment, the last line of its tests, and whether they passed."""
    own = folder / 'bin' / 'python'
    subprocess.run([python, '-m', 'venv', folder], check=True)
    pip = [own, '-m', 'pip', '--disable-pip-version-check']
    limits = folder / 'limits.txt'
    if (ROOT / limit).is_file():
        shutil.copy(ROOT / limit, limits)
    else:
        limits.write_text('' if limit == 'nothing' else '\n'.join(lower_bounds()))
    install = [*pip, 'install', '-q', '-c', limits, '-e', f'{ROOT}[lite,dev]']
    if (done := subprocess.run(install, capture_output=True, text=True)).returncode:
        return '', f'does not install: {last_line(done.stderr)}', False
    freeze = subprocess.run([*pip, 'freeze', '--all'], capture_output=True, text=True, check=True)
    found = dict(line.split('==') for line in freeze.stdout.splitlines() if '==' in line)
    versions = ', '.join(f'{name} {found.get(name, "-")}' for name in SHOWN)
    command = [own, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(done.stdout[-5000:])
    return versions, last_line(done.stdout), done.returncode == 0


def lower_bounds() -> list[str]:
    """The oldest release lines that setup.py allows, as constraints."""
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    bounds = re.findall(r"^ +(?:'lite': \[)?'([\w-]+)>=([\d.]+)", text, re.MULTILINE)
    return [f'{name}=={version}.*' for name, version in bounds]


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ['no output'])[-1].strip('= ').replace('|', '/')


def write_row(row: list[str]) -> None:
    """Replace the row of an environment in the table, or add it."""
    old = TABLE.read_text(encoding='utf-8')[len(HEAD) :] if TABLE.is_file() else ''
    rows = [line for line in old.splitlines() if not line.startswith(f'| {row[0]} |')]
    order = [f'| {name} |' for name in ENVIRONMENTS]
    rows.append('| ' + ' | '.join(row) + ' |')
    rows.sort(key=lambda line: [line.startswith(start) for start in order], reverse=True)
    TABLE.write_text(HEAD + '\n'.join(rows) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
