"""Faults of training_faults.py: each strikes one small training and is judged.

Each function takes the campaign and the work dir of a new training. It returns the outcome
('survived' or 'refused') and the message of the training, or raises :class:`LostError`.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from training_trial import Trial, last_epoch, locked, small_disk


class LostError(Exception):
    """The fault destroyed something that must survive it."""


def kill_trainer(campaign, folder: Path) -> tuple[str, str]:
    """Kills the trainer at a random moment."""
    campaign.whole()

    def wait(trial: Trial, known: int) -> None:
        with suppress(subprocess.TimeoutExpired):
            trial.process.wait(campaign.random.uniform(0, 1.1 * campaign.seconds))

    return _kill(campaign, folder, wait)


def kill_trainer_saving(campaign, folder: Path) -> tuple[str, str]:
    """Kills the trainer while it writes a checkpoint."""

    def wait(trial: Trial, known: int) -> None:
        epoch = min(known + campaign.random.randrange(1, 3), campaign.epochs)
        if trial.wait_for(f'epoch_{epoch}.pth.part'):
            with suppress(subprocess.TimeoutExpired):
                trial.process.wait(campaign.random.uniform(0, 0.6))

    return _kill(campaign, folder, wait)


def _kill(campaign, folder: Path, wait) -> tuple[str, str]:
    # One work dir for all kills: a run is killed again and again until it is complete.
    work_dir = folder.parent / 'run'
    known = last_epoch(work_dir)
    slow = 'default_hooks.witness.save_seconds=0.5'
    trial = campaign.start(work_dir, slow, resume=work_dir.exists())
    wait(trial, known)
    if trial.process.poll():
        raise LostError(f'it ended by itself; see {trial.log}')
    trial.process.kill()
    completed = trial.process.wait() == 0
    left = trial.left_behind()
    if left:
        raise LostError(f'left behind: {left}')
    campaign.check_kept(work_dir, known)
    if int(folder.name) == campaign.kills - 1 and not completed:
        campaign.check_resumed(work_dir)
    elif completed:
        campaign.check_equal(work_dir)
        shutil.rmtree(work_dir)
    return 'survived', ''


def kill_worker(campaign, work_dir: Path) -> tuple[str, str]:
    """Kills a process of the data loader."""
    trial = _until_epoch(campaign, work_dir)
    os.kill(campaign.random.choice(trial.children(trial.process.pid)), signal.SIGKILL)
    message = campaign.check_message(trial, 'a data worker ended', '--resume')
    campaign.check_resumed(work_dir)
    return 'survived', message


def ask_to_end(campaign, work_dir: Path) -> tuple[str, str]:
    """Sends SIGTERM, as clusters do."""
    trial = _until_epoch(campaign, work_dir)
    trial.process.terminate()
    message = campaign.check_message(trial, 'SIGTERM', '--resume')
    campaign.check_resumed(work_dir)
    return 'survived', message


def kill_rank(campaign, work_dir: Path) -> tuple[str, str]:
    """Kills one of two ranks."""
    trial = _until_epoch(campaign, work_dir, ranks=2)
    (launcher,) = trial.children(trial.process.pid)
    os.kill(campaign.random.choice(trial.children(launcher)), signal.SIGKILL)
    message = campaign.check_message(trial, '--resume')
    campaign.check_resumed(work_dir, ranks=2)
    return 'survived', message.splitlines()[0]


def spoil_rank(campaign, work_dir: Path) -> tuple[str, str]:
    """Makes all files of one of two ranks unreadable."""
    trial = campaign.start(work_dir, 'default_hooks.witness.bad_rank=1', ranks=2)
    return 'refused', campaign.check_message(trial, 'could not be read', 'max_bad_fraction')


def fill_disk(campaign, work_dir: Path) -> tuple[str, str]:
    """Fills the disk before a checkpoint is written."""
    with small_disk(work_dir) as mounted:
        trial = _until_epoch(campaign, work_dir)
        filler = work_dir / 'filler'
        if mounted:
            with suppress(OSError), open(filler, 'wb', buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        else:
            resource.prlimit(trial.process.pid, resource.RLIMIT_FSIZE, (10000, 10000))
        message = campaign.check_message(trial, 'no space left', '--resume')
        filler.unlink(missing_ok=True)
        campaign.check_kept(work_dir, 1)
        campaign.check_resumed(work_dir)
    return 'survived', message


def lock_work_dir(campaign, work_dir: Path) -> tuple[str, str]:
    """Makes the work dir read-only during training."""
    trial = _until_epoch(campaign, work_dir)
    with locked(work_dir):
        message = campaign.check_message(trial, 'cannot be used', '--resume')
    campaign.check_kept(work_dir, 1)
    campaign.check_resumed(work_dir)
    return 'survived', message


def begin_locked(campaign, work_dir: Path) -> tuple[str, str]:
    """Makes the work dir read-only before training starts."""
    work_dir.mkdir(parents=True)
    with locked(work_dir):
        trial = campaign.start(work_dir)
        message = campaign.check_message(trial, 'cannot be used')
    return 'refused', message


def take_data_away(campaign, work_dir: Path) -> tuple[str, str]:
    """Removes the folder of the videos in the middle of an epoch."""
    trial = _until_epoch(campaign, work_dir)
    away = campaign.data.rename(campaign.data.with_name('away'))
    try:
        message = campaign.check_message(trial, 'the data are gone', '--resume')
    finally:
        away.rename(campaign.data)
    campaign.check_resumed(work_dir)
    return 'survived', message


def damage_checkpoint(campaign, work_dir: Path) -> tuple[str, str]:
    """Flips a bit of the last checkpoint, or cuts off the checkpoint or its marker."""
    trial = _until_epoch(campaign, work_dir, options=['default_hooks.checkpoint.max_keep_ckpts=3'])
    trial.process.kill()
    trial.left_behind()
    path = Path((work_dir / 'last_checkpoint').read_text())
    how = ['a bit flipped', 'cut off', 'marker cut off'][int(work_dir.name) % 3]
    data = bytearray(path.read_bytes())
    if how == 'a bit flipped':
        data[campaign.random.randrange(len(data) // 4, len(data) // 2)] ^= 1
        path.write_bytes(data)
    elif how == 'cut off':
        path.write_bytes(data[: campaign.random.randrange(len(data))])
    else:
        (work_dir / 'last_checkpoint').write_text('')
    campaign.check_resumed(work_dir)
    text = Path(f'{work_dir}.resumed.log').read_text()
    if how != 'marker cut off' and f'{path} is damaged' not in text:
        raise LostError(f'{path.name} was damaged ({how}), nothing said so')
    return 'survived', how


def stop_at_nan(campaign, work_dir: Path) -> tuple[str, str]:
    """Puts a NaN sound into a batch; training must stop."""
    trial = campaign.start(work_dir, 'default_hooks.witness.bad_step=10')
    message = campaign.check_message(trial, 'the loss is nan', '(input not finite)', '--resume')
    campaign.check_kept(work_dir, 2)
    campaign.check_resumed(work_dir)  # without the NaN
    return 'survived', message


def skip_nan(campaign, work_dir: Path) -> tuple[str, str]:
    """Puts a NaN sound into a batch; training must skip the step."""
    import torch  # here: it takes seconds, and --help does not need it

    skip = ['default_hooks.finite_loss.max_skipped=2', 'default_hooks.witness.bad_step=10']
    trial = campaign.start(work_dir, *skip)
    if trial.wait():
        raise LostError(f'it stopped; see {trial.log}')
    state = torch.load(work_dir / f'epoch_{campaign.epochs}.pth', weights_only=True)
    if state['message_hub']['runtime_info']['skipped_steps'] != 1:
        raise LostError('not one step was skipped')
    if not all(v.isfinite().all() for v in state['state_dict'].values()):
        raise LostError('weights are not finite')
    (line,) = (line for line in trial.log.read_text().splitlines() if 'step skipped' in line)
    return 'survived', line.partition('WARNING - ')[2].replace(str(campaign.out), 'OUT')


def diverge(campaign, work_dir: Path) -> tuple[str, str]:
    """Sets a learning rate that is far too high."""
    rate = ['1e30', '10'][int(work_dir.name) % 2]
    trial = campaign.start(work_dir, f'optim_wrapper.optimizer.lr={rate}')
    if trial.wait():
        return 'refused', campaign.check_message(trial, 'lower')
    warnings = [x for x in trial.log.read_text().splitlines() if 'WARNING - ' in x and 'lower' in x]
    if not warnings:
        raise LostError(f'nothing warns; see {trial.log}')
    return 'refused', warnings[0].partition('WARNING - ')[2]


def change_workers(campaign, work_dir: Path) -> tuple[str, str]:
    """Changes the number of data workers; the result must be the same."""
    workers = [0, 2, 4][int(work_dir.name) % 3]
    loader = 'train_dataloader.num_workers={}', 'train_dataloader.persistent_workers={}'
    trial = campaign.start(work_dir, loader[0].format(workers), loader[1].format(workers > 0))
    if trial.wait():
        raise LostError(f'it fails; see {trial.log}')
    campaign.check_equal(work_dir)
    return 'survived', f'{workers} workers'


def _until_epoch(campaign, work_dir: Path, epoch: int = 2, options=(), ranks: int = 1) -> Trial:
    trial = campaign.start(work_dir, *options, ranks=ranks)
    if trial.wait_for(f'epoch_{epoch}.pth') is None:
        trial.end()
        raise LostError(f'no epoch {epoch}; see {trial.log}')
    return trial
