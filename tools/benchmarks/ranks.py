#!/usr/bin/env python
"""Videos per second of training with two processes (gloo), compared with one process.

python tools/benchmarks/ranks.py --out OUT                       the demo, 16 videos per process
python tools/benchmarks/ranks.py --small                         4 videos per process

*two trainings* is the limit of the machine: two independent trainings side by side. What two ranks
lose against it is the cost of communication. All runs take turns.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import parser, report
from tqdm import tqdm

ROOT = Path(__file__).parents[2]
WARM_UP, BATCHES = 2, 4
ONE, TWO, APART = 'one process', 'two ranks', 'two trainings'


def main() -> None:
    args = parser(__doc__).parse_args()
    batch, steps = (4, 4) if args.small else (16, 20)
    rates = {ONE: [], TWO: [], APART: []}
    with tempfile.TemporaryDirectory() as folder:
        world = Path(folder, 'world')
        tool = ROOT / 'tools/data/make_toy_dataset.py'
        sizes = ['--num-videos', str(BATCHES * batch), '--num-test', '4']
        command = [sys.executable, str(tool), str(world), *sizes]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in tqdm(range(args.repeat), 'rounds', disable=None):
            for name, processes in ((ONE, [1]), (TWO, [2]), (APART, [1, 1])):
                runs = [Training(world, number, batch, steps) for number in processes]
                rates[name].append(sum(run.videos_a_second() for run in runs))
    rows = []
    for name, row in rates.items():
        efficiency = [mine / 2 / one for mine, one in zip(row, rates[ONE])]
        limit = [mine / other for mine, other in zip(row, rates[APART])]
        rows.append(
            {
                'run': name,
                'videos a second': statistics.median(row),
                'efficiency': None if name == ONE else statistics.median(efficiency),
                f'of {APART}': None if name == ONE else statistics.median(limit),
            }
        )
    report('ranks', {f'Two processes, {batch} videos each, one thread each': rows}, args.out)


class Training:
    """A training of a given number of steps, of ``batch`` videos in each process."""

    def __init__(self, world: Path, processes: int, batch: int, steps: int) -> None:
        self.videos = batch * processes
        self.work_dir = Path(tempfile.mkdtemp(dir=world.parent))
        options = [
            f'data_root={world}',
            f'train_dataloader.batch_size={batch}',
            'train_dataloader.num_workers=0',
            'train_dataloader.persistent_workers=False',
            'default_hooks.logger.interval=1',
            'log_processor.window_size=1',
            f'train_cfg.max_epochs={math.ceil(steps * processes / BATCHES)}',
        ]
        words = [str(ROOT / 'configs/demo/avtss_toy.py'), '--no-validate']
        words += ['--work-dir', str(self.work_dir), '--cfg-options', *options]
        trainer = str(ROOT / 'tools/train.py')
        command = [sys.executable, trainer, *words]
        if processes > 1:
            launcher = [
                '-m',
                'torch.distributed.run',
                '--standalone',
                f'--nproc_per_node={processes}',
            ]
            command = [sys.executable, *launcher, trainer, *words, '--launcher', 'pytorch']
        self.log = open(self.work_dir / 'log', 'wb')
        environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)

    def videos_a_second(self) -> float:
        """Waits for the end; returns the videos per second of all steps but the first few."""
        status = self.process.wait()
        self.log.close()
        if status:
            sys.exit(
                f'error: training ended with {status}\n{Path(self.log.name).read_text()[-3000:]}'
            )
        (path,) = self.work_dir.glob('*/vis_data/scalars.json')
        lines = map(json.loads, path.read_text().splitlines())
        seconds = [line['time'] for line in lines if 'loss' in line][WARM_UP:]
        return self.videos / statistics.median(seconds)


if __name__ == '__main__':
    main()
