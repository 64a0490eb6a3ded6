#!/usr/bin/env python
"""Evaluate a checkpoint with every protocol whose data exist, and write one table.

    python tools/evaluate_all.py CHECKPOINT --data-root data
    python tools/evaluate_all.py CHECKPOINT --data-root data --only ucf101-linear esc50-linear

Cheap protocols (features of the frozen network) run first, fine-tuning last. After an interruption
at any moment, the same command continues where it stopped. Networks other than those of configs/
are taken from the config in the checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from avtss_mm.files.whole_file import write_whole
from avtss_mm.media.remote import local_path
from avtss_mm.utils import cli
from avtss_mm.utils.protocols import PROTOCOLS, Protocol

if TYPE_CHECKING:  # what takes seconds is imported in functions: --help does not need it
    from mmengine.config import Config

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / 'configs'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', help="checkpoint of pre-training, or 'random'")
    parser.add_argument(
        '--data-root',
        type=Path,
        default=Path('data'),
        help='folder with ucf101/, hmdb51/, esc50/, vggsound/, prepared by tools/data/prepare_*.py',
    )
    names = [protocol.name for protocol in PROTOCOLS]
    parser.add_argument('--only', nargs='+', choices=names, metavar='NAME', help=', '.join(names))
    parser.add_argument(
        '--out', type=local_path, help='folder of results (work_dirs/evaluate_<name>)'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='passed on to every tool'
    )
    cli.add_launcher_arguments(parser)
    return parser.parse_args()


def why_absent(protocol: Protocol, data_root: Path) -> str | None:
    """Say what is missing for a protocol, and which command makes it."""
    from avtss_mm.utils.config import read_config

    for config in protocol.configs.values():
        cfg = read_config(str(CONFIGS / config))
        dataset = cfg.test_dataloader.dataset
        sides = [dataset] if 'ann_file' in dataset else [dataset.gallery, dataset.query]
        for side in [*sides, *([cfg.train_dataloader.dataset] if protocol.train else [])]:
            path = data_root / protocol.data / side.ann_file
            if not path.is_file():
                folder = shlex.quote(str(data_root / protocol.data))
                return f'no {path}: python tools/data/prepare_{protocol.data}.py {folder}'
    return None


def protocol_config(config: str, trained: Config | None, root: Path, cores: int) -> Config:
    """Adapt a protocol's config: the checkpoint's networks, the folder of the data, and at most as
    many data workers as there are cores for each process."""
    from avtss_mm.apis.evaluation_suite import fit_networks
    from avtss_mm.utils.config import apply_cfg_options, read_config

    cfg = apply_cfg_options(read_config(str(CONFIGS / config)), dict(data_root=str(root)))
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if cfg.get(name) is not None:
            cfg[name].num_workers = min(cfg[name].get('num_workers', 0), cores)
    return cfg if trained is None else fit_networks(cfg, trained)


def run(tool: str, *arguments: object) -> bool:
    """Run a tool, in all processes of a launcher; returns whether it succeeded."""
    from mmengine.dist import broadcast_object_list, get_world_size

    words = [str(a) for a in arguments]
    print(f'\n$ python tools/{tool} {shlex.join(words)}', flush=True)
    command = [tool, *words]
    if get_world_size() == 1:
        return start(command, {})
    with socket.socket() as listener:  # each tool meets at a port of its own
        listener.bind(('', 0))
        port = listener.getsockname()[1]
    meeting = dict(MASTER_PORT=str(port), TORCHELASTIC_USE_AGENT_STORE='False')
    broadcast_object_list([[*command, '--launcher', 'pytorch'], meeting])
    return start([*command, '--launcher', 'pytorch'], meeting)


def start(command: list[str], environment: dict[str, str]) -> bool:
    """Run a tool in this process's place; returns whether it succeeded in all processes."""
    from mmengine.dist import all_gather_object

    tool, *words = command
    process = [sys.executable, str(TOOLS / tool), *words]
    status = subprocess.run(process, env={**os.environ, **environment}).returncode
    return not any(all_gather_object(status))


def dismiss() -> None:
    """Let the processes that follow end."""
    from mmengine.dist import broadcast_object_list

    broadcast_object_list([None, None])


def follow() -> None:
    """Run what the first process runs, until it has finished."""
    from mmengine.dist import broadcast_object_list

    while True:
        job = [None, None]
        broadcast_object_list(job)
        if job[0] is None:
            return
        start(*job)


def evaluate(protocol: Protocol, split: str, trained: Config | None, args) -> bool:
    """Run the tools of a split unless an earlier run did; returns whether they succeeded."""
    from avtss_mm.evaluation.feature_cache import identity_of

    work_dir = args.out / protocol.name / split.replace(' ', '')
    if results_path(args.out, protocol, split).exists():
        return True
    root = args.data_root / protocol.data
    cfg = protocol_config(protocol.configs[split], trained, root, args.cores)
    work_dir.mkdir(parents=True, exist_ok=True)
    config = work_dir / Path(protocol.configs[split]).name
    cfg.dump(config)
    shared = ['--work-dir', work_dir]
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    if not protocol.train:  # the splits of a data set share their features
        features = args.out / f'{protocol.data}_{identity_of(cfg, args.checkpoint)[:12]}.npz'
        return run('test.py', config, args.checkpoint, *shared, '--features', features, *options)
    training = list(options)
    if args.checkpoint != 'random':
        training = ['--cfg-options', f'load_from={args.checkpoint}', *args.cfg_options]
    if not run('train.py', config, *shared, '--resume', *training):
        return False
    last = (work_dir / 'last_checkpoint').read_text().strip()
    return run('test.py', config, last, *shared, *options)


def results_path(out: Path, protocol: Protocol, split: str) -> Path:
    """Path of the file that marks a finished split."""
    return out / protocol.name / split.replace(' ', '') / 'metrics.json'


def read_results(out: Path) -> dict[str, dict[str, dict]]:
    """Read the finished results of this and earlier runs, by protocol and split."""
    results = {}
    for protocol in PROTOCOLS:
        for split in protocol.configs:
            path = results_path(out, protocol, split)
            if path.exists():
                results.setdefault(protocol.name, {})[split] = json.loads(path.read_text())
    return results


def claim(folder: Path, args: argparse.Namespace) -> None:
    """Make sure that a folder of results belongs to these weights and options."""
    weights = 'random'
    if args.checkpoint != 'random':
        weights = hashlib.sha256(Path(args.checkpoint).read_bytes()).hexdigest()
    origin = dict(weights=weights, data_root=str(args.data_root), cfg_options=args.cfg_options)
    path = folder / 'origin.json'
    if path.exists() and json.loads(path.read_text()) != origin:
        raise cli.UsageError(
            f'{folder} has results of other weights, data or options: name another one by --out'
        )
    write_whole(path, json.dumps(origin, indent=2) + '\n')


def main() -> None:
    args = parse_args()
    from avtss_mm.utils.ranks import join_ranks, own_cores

    args.out = args.out or Path('work_dirs', f'evaluate_{Path(args.checkpoint).stem}')
    with cli.user_errors():
        rank, world = join_ranks(args.launcher)
        args.cores = own_cores()
        if world > 1:  # torchrun and srun end processes so; the tools that they run must end, too
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        if rank:
            follow()
            return
        try:
            lead(args)
        except (Exception, SystemExit):
            dismiss()
            raise
        dismiss()


def lead(args: argparse.Namespace) -> None:
    """Run the protocols and write the table."""
    from avtss_mm.apis.encoder import config_of_checkpoint
    from avtss_mm.apis.evaluation_suite import results_table

    failed, absent = [], {}
    if args.checkpoint != 'random' and not Path(args.checkpoint).is_file():
        raise FileNotFoundError(f"{args.checkpoint}: no such checkpoint (or say 'random')")
    claim(args.out, args)
    trained = None if args.checkpoint == 'random' else config_of_checkpoint(args.checkpoint)
    for protocol in PROTOCOLS:
        if args.only and protocol.name not in args.only:
            continue
        reason = why_absent(protocol, args.data_root)
        if reason is not None:
            absent[protocol.name] = reason
            continue
        for split in protocol.configs:
            if not evaluate(protocol, split, trained, args):
                failed.append(f'{protocol.name}, {split}')
    results = read_results(args.out)
    if not results and not failed:
        raise cli.UsageError(
            'no protocol has its data:\n' + '\n'.join(f'  {k}: {v}' for k, v in absent.items())
        )
    table = results_table(results, absent)
    write_whole(args.out / 'results.md', table + '\n')
    write_whole(args.out / 'results.json', json.dumps(results, indent=2) + '\n')
    print(f'\n{table}\n\nwritten to {args.out / "results.md"} and results.json')
    if failed:
        sys.exit('error: failed, see above: ' + '; '.join(failed))


if __name__ == '__main__':
    main()
