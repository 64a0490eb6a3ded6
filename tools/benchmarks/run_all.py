#!/usr/bin/env python
"""Runs all speed benchmarks one after the other and writes one JSON and one Markdown file.

python tools/benchmarks/run_all.py --out OUT --small             less than 10 minutes
python tools/benchmarks/run_all.py --out OUT --samples SAMPLES   all sizes as documented: hours

SAMPLES is a folder of real videos. Without it, loading is measured on generated videos, whose plain
pictures decode faster. If a benchmark fails, it is named at the end and the others still run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import markdown

HERE = Path(__file__).parent
PROGRAMS = ('start_up', 'ranks')  # start whole trainings: at most three rounds with --small
TITLES = ('loading', 'training_step', 'feature_queue', 'evaluation', *PROGRAMS)


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    out = Path('work_dirs/bench')
    parse.add_argument('--out', type=Path, default=out, help='folder to write to (%(default)s)')
    parse.add_argument('--samples', type=Path, help='folder of real videos')
    parse.add_argument('--small', action='store_true', help='small sizes: about a minute each')
    parse.add_argument('--repeat', type=int, default=5, help='number of rounds (%(default)s)')
    parse.add_argument('--only', nargs='+', choices=TITLES, default=TITLES, metavar='NAME')
    args = parse.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    common = ['--out', args.out, *(['--small'] if args.small else [])]
    failed, parts = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.only:
            samples = [args.samples or generated(Path(folder))] if name == 'loading' else []
            begin = time.perf_counter()
            print(f'{name} ...', flush=True)
            few = args.small and name in PROGRAMS
            rounds = min(args.repeat, 3) if few else args.repeat
            if run(name, *samples, *common, '--repeat', rounds):
                failed.append(name)
            else:
                parts[name] = json.loads((args.out / f'{name}.json').read_text())
                print(f'{name}: {time.perf_counter() - begin:.0f} s')
    write(parts, args.out)
    print(f'{args.out}/bench.md, {args.out}/bench.json')
    if failed:
        sys.exit(f'error: failed: {", ".join(failed)}')


def run(name: str, *arguments: object) -> int:
    command = [sys.executable, HERE / f'{name}.py', *arguments]
    return subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL).returncode


def generated(folder: Path) -> Path:
    """Makes toy videos of the length and size that the benchmark needs."""
    words = [folder, '--num-videos', 16, '--num-test', 16, '--size', 256, '--duration', 10]
    command = [sys.executable, HERE.parent / 'data/make_toy_dataset.py', *words]
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, check=True)
    return folder / 'videos'


def write(parts: dict[str, dict], out: Path) -> None:
    (out / 'bench.json').write_text(json.dumps(parts, indent=1) + '\n')
    facts = next((part['facts'] for part in parts.values()), {})
    lines = ['# Speed', '', ', '.join(f'{key} {value}' for key, value in facts.items())]
    for name, part in parts.items():
        lines += ['', f'## {name}']
        for title, rows in part['tables'].items():
            lines += ['', f'{title}:', '', markdown(rows)]
    (out / 'bench.md').write_text('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
