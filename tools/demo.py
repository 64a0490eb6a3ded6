#!/usr/bin/env python
"""The whole workflow on a small generated world: make videos, pre-train, evaluate, show results.

    python tools/demo.py [--data data/toy] [--work-dir work_dirs/demo] [--cfg-options ...]

Runs the commands that a user would run, and prints each of them.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

from avtss_mm.files.whole_file import write_whole
from avtss_mm.media.remote import local_path
from avtss_mm.utils.report import markdown_table

TOOLS = Path(__file__).resolve().parent
CONFIG = TOOLS.parent / 'configs' / 'demo' / 'avtss_toy.py'
PRETEXT_CONFIG = CONFIG.with_name('avtss_toy_pretext.py')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--data', type=Path, default=Path('data/toy'), help='folder of the videos')
    out = Path('work_dirs/demo')
    parser.add_argument(
        '--work-dir', type=local_path, default=out, help='folder of results (%(default)s)'
    )
    parser.add_argument('--num-videos', type=int, default=400, help='training videos')
    parser.add_argument('--num-test', type=int, default=112, help='test videos')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='passed on to every command')
    return parser.parse_args()


def run(title: str, tool: str, *arguments: object) -> float:
    """Run a tool and print its command; stop if it fails. Returns the seconds it took."""
    words = [str(a) for a in arguments]
    print(f'\n== {title}\n$ python tools/{tool} {shlex.join(words)}', flush=True)
    start = time.perf_counter()
    code = subprocess.run([sys.executable, str(TOOLS / tool), *words]).returncode
    if code:
        sys.exit(f'error: tools/{tool} ended with code {code}; its message is above')
    return time.perf_counter() - start


def table(trained: dict, initial: dict, pretext: dict) -> str:
    """Format the results as Markdown."""
    rows, tasks = [], []
    for name in ('video', 'audio', 'joint'):
        key = f'knn/{name}_top1'
        cells = (trained[key], initial[key], trained['knn/chance'])
        rows.append([name, *(f'{cell:.3f}' for cell in cells)])
    for key, value in pretext.items():
        if not key.endswith('_chance'):
            chance = pretext[f'{key}_chance']
            tasks.append([key.split('/')[1], f'{value:.3f}', f'{chance:.3f}'])
    tables = [
        markdown_table(
            ['k-NN top-1 on the test videos', 'pre-trained', 'random weights', 'chance'], rows
        ),
        markdown_table(['pretext task on the test videos', 'accuracy', 'chance'], tasks),
    ]
    return '\n\n'.join(tables)


def main() -> None:
    args = parse_args()
    out = args.work_dir
    options = ['--cfg-options', f'data_root={args.data}', *args.cfg_options]
    seconds = {}
    seconds['data'] = run(
        f'1 of 6: {args.num_videos + args.num_test} videos', 'data/make_toy_dataset.py',
        args.data, '--num-videos', args.num_videos, '--num-test', args.num_test,
    )  # fmt: skip
    inputs = ('--num', 2, '--out', out / 'inputs')
    run('2 of 6: pictures of the inputs', 'browse_dataset.py', CONFIG, *inputs, *options)
    title = '3 of 6: pre-training, which takes longest; "eta" is the time left'
    seconds['training'] = run(title, 'train.py', CONFIG, '--work-dir', out, *options)
    checkpoint = (out / 'last_checkpoint').read_text().strip()
    results = {}
    for number, name, what, config, weights in (
        (4, 'trained', 'k-NN of the pre-trained features', CONFIG, checkpoint),
        (5, 'random', 'k-NN of random weights, for comparison', CONFIG, 'random'),
        (6, 'pretext', 'accuracy of the pretext heads', PRETEXT_CONFIG, checkpoint),
    ):
        words = (config, weights, '--work-dir', out / name, *options)
        seconds[name] = run(f'{number} of 6: {what}', 'test.py', *words)
        results[name] = json.loads((out / name / 'metrics.json').read_text())['metrics']
    text = table(results['trained'], results['random'], results['pretext'])
    write_whole(out / 'results.md', text + '\n')
    spent = ', '.join(f'{name} {value:.0f} s' for name, value in seconds.items())
    print(f'\n{text}\n\nTime: {spent}')
    print(
        f'\nResults:     {out / "results.md"}\nCurves:      {out / "curves.png"}\n'
        f'Inputs:      {out / "inputs"} (what the networks are fed)\n'
        f'Checkpoint:  {checkpoint}\nTensorBoard: tensorboard --logdir {shlex.quote(str(out))}'
    )


if __name__ == '__main__':
    main()
