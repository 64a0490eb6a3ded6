#!/usr/bin/env python
"""Train a grid of configs x seeds under one budget, measure each, write one table and one figure.

    python tools/study.py configs/study/toy_smoke.py
    python tools/study.py configs/study/toy_smoke.py --only random avtss --jobs 2

OUT/table.md, table.csv, figure.png and curves.png (training curves of the first seed) are updated
whenever a run is finished. After an interruption at any moment, the same command continues where it
stopped. OUT/VARIANT/seedK has the config of a run, its logs, weights and results. If a run fails,
the others still finish, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from avtss_mm.media.remote import local_path
from avtss_mm.utils import cli

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from avtss_mm.study.plan import Run, Study

TOOLS = Path(__file__).resolve().parent
SHOWN = (
    'linear_video_label', 'linear_audio_label', 'linear_joint_label', 'linear_video_motion',
    'linear_audio_timbre', 'knn_joint_label', 'v2v', 'a2a', 'v2a', 'sync_top1', 'fingerprint_v',
    'fingerprint_a', 'speed_v', 'speed_a', 'direction_v', 'direction_a', 'order_vv', 'order_va',
)  # fmt: skip


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cli.add_config_arguments(parser)
    parser.add_argument(
        '--out', type=local_path, help='folder of results (default: work_dirs/<config name>)'
    )
    parser.add_argument('--only', nargs='+', metavar='VARIANT', help='variants (default: all)')
    parser.add_argument('--jobs', type=int, default=1, metavar='N', help='runs at the same time')
    args = parser.parse_args()
    if args.jobs < 1:
        parser.error('--jobs must be at least 1')
    return args


def read(args: argparse.Namespace) -> Study:
    """Read the study of the command line."""
    from avtss_mm.study.plan import read_study, resolve_paths
    from avtss_mm.utils.config import apply_cfg_options, read_config

    cfg = apply_cfg_options(read_config(args.config), args.cfg_options)
    cfg = resolve_paths(cfg)
    name = Path(args.config).stem
    study = read_study(cfg, args.out or Path('work_dirs', name), name)
    unknown = [variant for variant in args.only or () if variant not in study.variants]
    if unknown:
        raise cli.UsageError(f'--only: {unknown[0]} is none of {", ".join(study.variants)}')
    return study


def prepare(study: Study) -> None:
    """Make the toy world and the distorted copies, if the study needs them."""
    from avtss_mm.study.measures.copies import make_copies

    worlds = {study.root: study.data['toy']}
    worlds.update({e.root: e.toy for e in study.evaluations.values() if e.toy is not None})
    for root, toy in worlds.items():
        if toy is None:
            continue
        words = [root, *(f'--{k.replace("_", "-")}={v}' for k, v in toy.items())]
        command = [sys.executable, str(TOOLS / 'data/make_toy_dataset.py'), *map(str, words)]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            raise cli.UsageError(f'the toy world {root} could not be made; see above')
    for evaluation, measure in study.groups().values():
        if measure == 'fingerprint':
            make_copies(study, evaluation, os.cpu_count() or 1, copies_bar)


def copies_bar(results: Iterable, total: int) -> Iterable:
    return tqdm(results, 'copies', total, disable=None)


def finish(study: Study, runs: list[Run], jobs: int) -> dict[str, str]:
    """Complete the runs, updating table and figure after each; returns the reasons of failures."""
    from avtss_mm.study.results import is_finished
    from avtss_mm.study.running import BUSY, complete_all, state_of

    failed = {}
    todo = [run for run in runs if not is_finished(study, run)]
    report(study, failed)
    print(f'{study.out}: {len(runs)} runs, {len(runs) - len(todo)} of them finished before')
    start, left = time.monotonic(), len(todo)
    with tqdm(total=left, unit='run', smoothing=0, disable=None) as bar:
        for run, news in complete_all(study, todo, TOOLS / 'train.py', jobs):
            if news == BUSY:
                bar.set_postfix_str(state_of(study, run))
                continue
            if news is not None:
                failed[str(run)] = news
            left -= 1
            minutes = (time.monotonic() - start) / 60 / (len(todo) - left) * left
            ending = 'finished' if news is None else f'FAILED: {news}'
            tqdm.write(f'{run}: {ending}; {left} runs left, about {minutes:.0f} min')
            bar.update()
            report(study, failed)
    return failed


def report(study: Study, failed: dict[str, str]) -> None:
    """Write the table and the figures of all existing results."""
    from avtss_mm.study.measures.training_log import read_curves
    from avtss_mm.study.measuring import CONFIG, TRAINED
    from avtss_mm.study.report.figure import draw_study
    from avtss_mm.study.report.gains import draw_gains
    from avtss_mm.study.report.table import summarise, write_tables
    from avtss_mm.utils.config import read_config
    from avtss_mm.visualization import draw_curves_of_runs

    summary = summarise(study)
    command = shlex.join(['python', 'tools/study.py', *sys.argv[1:]])
    write_tables(study, summary, command, failed)
    shown = [name for name in study.show or SHOWN if name in summary.values]
    if shown:
        values = {name: summary.values[name] for name in shown}
        draw_study(
            values,
            summary.chance,
            list(study.variants),
            study.out / 'figure.png',
            low_is_good=summary.low_is_good,
        )
    curves = {
        run.variant.name: read_curves(run.folder / 'train', read_config(str(run.folder / CONFIG)))
        for run in study.runs()[: len(study.variants)]
        if (run.folder / TRAINED).exists()
    }
    if curves:
        draw_curves_of_runs(curves, study.out / 'curves.png')
    if study.scale['videos']:
        draw_gains(study.scale, summary.values, summary.chance, study.out / 'scale.png')


def main() -> None:
    args = parse_args()
    with cli.user_errors('the same command continues where it stopped'):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Run the study of the command line."""
    study = read(args)
    runs = [r for r in study.runs() if args.only is None or r.variant.name in args.only]
    prepare(study)
    failed = finish(study, runs, args.jobs)
    table = (study.out / 'table.md').read_text(encoding='utf-8')
    print(f'\n{table}\n{study.out} has table.md, table.csv, figure.png and curves.png')
    if failed:
        raise cli.UsageError(f'{len(failed)} runs failed: {", ".join(failed)}')


if __name__ == '__main__':
    main()
