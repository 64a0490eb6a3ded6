#!/usr/bin/env python
"""Tests training with kills, lost disks and data, and non-finite losses.

python tools/faults/training_faults.py --out OUT --kills 30

Each fault strikes small trainings on a toy data set; then --resume takes them to the end. The final
checkpoint must equal that of an uninterrupted run bit for bit: weights, optimizer, scheduler,
queues, ids, curves, and for every step the order of the samples and the state of the random
generators. The campaign writes OUT/faults.json and OUT/faults.md; its exit status is 1 if anything
was lost. Mounting a full or read-only disk needs root; otherwise limits and permissions stand in.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import training_accidents as accidents
from tqdm import tqdm
from training_trial import ROOT, Trial, differences, fresh, last_epoch

from avtss_mm.utils.report import markdown_table

FAULTS = {
    'trainer killed': accidents.kill_trainer,
    'trainer killed while saving': accidents.kill_trainer_saving,
    'trainer asked to end (SIGTERM)': accidents.ask_to_end,
    'data worker killed': accidents.kill_worker,
    'one rank of two killed': accidents.kill_rank,
    'no file of one rank readable': accidents.spoil_rank,
    'disk full': accidents.fill_disk,
    'work dir becomes read-only': accidents.lock_work_dir,
    'work dir read-only from the start': accidents.begin_locked,
    'data gone mid-epoch': accidents.take_data_away,
    'last checkpoint damaged': accidents.damage_checkpoint,
    'NaN in a batch: stop': accidents.stop_at_nan,
    'NaN in a batch: skip': accidents.skip_nan,
    'learning rate diverges': accidents.diverge,
    '0, 2 or 4 data workers instead of 1': accidents.change_workers,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--kills', type=int, default=30, help='kills of the trainer (%(default)s)')
    parser.add_argument(
        '--times', type=int, default=2, help='repetitions of other faults (%(default)s)'
    )
    parser.add_argument('--epochs', type=int, default=5, help='epochs per training (%(default)s)')
    parser.add_argument('--num-videos', type=int, default=16, help='training videos (%(default)s)')
    parser.add_argument('--faults', nargs='+', choices=list(FAULTS), default=list(FAULTS))
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    args.out = args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    campaign = Campaign(args)
    rows = []
    for name in args.faults:
        rows.append(campaign.meet(name))
        (args.out / 'faults.json').write_text(json.dumps(rows, indent=1))
    table = to_markdown(rows)
    (args.out / 'faults.md').write_text(table)
    print(table)
    sys.exit(any(row['lost'] for row in rows))


class Campaign:
    """Data set, uninterrupted runs, and the checks of a run after a fault."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.out, self.kills, self.times = args.out, args.kills, args.times
        self.epochs = args.epochs
        self.random = random.Random(args.seed)
        self.data = self.out / 'toy'
        if not (self.data / 'test.json').exists():
            command = [sys.executable, ROOT / 'tools/data/make_toy_dataset.py', self.data]
            command += ['--num-videos', str(args.num_videos), '--num-test', '8', '--duration', '6']
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.unbroken = {}

    def start(self, work_dir: Path, *options: str, **kwargs) -> Trial:
        """Start a training. Several ranks also accumulate gradients and average weights (EMA)."""
        settings = [f'data_root={self.data}', f'train_cfg.max_epochs={self.epochs}']
        if kwargs.get('ranks', 1) > 1:
            settings += ['optim_wrapper.accumulative_counts=2', 'default_hooks.ema.type=EMAHook']
        return Trial(work_dir, [*settings, *options], **kwargs)

    def whole(self, ranks: int = 1) -> Path:
        """Return the last checkpoint of an uninterrupted run."""
        if ranks not in self.unbroken:
            begin = time.monotonic()
            trial = self.start(fresh(self.out / f'unbroken_{ranks}'), ranks=ranks)
            if trial.wait():
                raise RuntimeError(f'the unbroken run failed: see {trial.log}')
            self.seconds = time.monotonic() - begin  # duration of a whole run
            self.unbroken[ranks] = trial.work_dir / f'epoch_{self.epochs}.pth'
        return self.unbroken[ranks]

    def meet(self, name: str) -> dict:
        """Repeat a fault; returns a row of the table."""
        function = FAULTS[name]
        often = self.kills if name.startswith('trainer killed') else self.times
        row = dict(fault=name, tried=0, survived=0, refused=0, lost=0, worst=0.0, notes=[])
        folder = fresh(self.out / ''.join(c if c.isalnum() else '_' for c in name))
        for number in tqdm(range(often), desc=name):
            begin = time.monotonic()
            try:
                outcome, note = function(self, folder / f'{number}')
            except accidents.LostError as error:
                outcome, note = 'lost', str(error)
                tqdm.write(f'{name}: {note}')
            row['tried'] += 1
            row[outcome] += 1
            row['worst'] = max(row['worst'], round(time.monotonic() - begin, 1))
            row['notes'] += [note] if note and note not in row['notes'] else []
        return row

    def check_message(self, trial: Trial, *words: str) -> str:
        """Wait for an error with these words, check that no process is left; returns the error."""
        status, left = trial.wait(), trial.left_behind()
        if left:
            raise accidents.LostError(f'left behind: {left}')
        message = trial.message()
        # one rank names the reason; the others end because of it
        later = ('error: ended by SIGTERM', 'error: another process')
        reasons = message.count('error: ') - sum(message.count(text) for text in later)
        if status == 0 or reasons > 1 or any(word not in message for word in words):
            raise accidents.LostError(f'status {status}, said {message[-400:]!r}; see {trial.log}')
        return message.replace(str(self.out), 'OUT')

    def check_resumed(self, work_dir: Path, ranks: int = 1) -> None:
        """Resume to the end; the result must be that of the uninterrupted run."""
        again = self.start(work_dir, resume=True, ranks=ranks)
        if again.wait():
            raise accidents.LostError(f'--resume fails; see {again.log}')
        self.check_equal(work_dir, ranks)

    def check_equal(self, work_dir: Path, ranks: int = 1) -> None:
        """Compare the last checkpoint with that of the uninterrupted run."""
        different = differences(self.whole(ranks), work_dir / f'epoch_{self.epochs}.pth')
        if different:
            raise accidents.LostError(f'{len(different)} differences: {different[:5]}')

    def check_kept(self, work_dir: Path, epoch: int) -> int:
        """Return the epoch that a run would resume from; it must not be before ``epoch``."""
        with suppress(FileNotFoundError):
            now = last_epoch(work_dir)
            if now < epoch:
                raise accidents.LostError(f'epoch {epoch} was saved, {now} is left')
            return now
        raise accidents.LostError('no work dir')


def to_markdown(rows: list[dict]) -> str:
    """Format the table of the campaign."""
    head = ['fault', 'times tried', 'survived', 'refused by name', 'lost', 'worst time, s']
    keys = ['fault', 'tried', 'survived', 'refused', 'lost', 'worst']
    return markdown_table(head, [[row[key] for key in keys] for row in rows]) + '\n'


if __name__ == '__main__':
    main()
