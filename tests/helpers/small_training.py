"""Small trainings with the tiny config of the demo, started as a user starts them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from helpers.commands import ROOT, tool
from helpers.warm_python import warm_python

CONFIG = ROOT / 'configs/demo/avtss_tiny.py'
KEEP = 'default_hooks.checkpoint.max_keep_ckpts=9'


def make_toy(out: Path, num_videos: int = 16) -> Path:
    """Writes training and test videos into a folder; returns the folder."""
    size = ('--num-videos', num_videos, '--num-test', 8, '--duration', 6)
    tool('data/make_toy_dataset.py', out, *size)
    return out


def flags(toy, work_dir, *others, epochs=4, options=()) -> list:
    """Returns the arguments that follow the config on the command line."""
    settings = (f'data_root={toy}', f'train_cfg.max_epochs={epochs}', KEEP, *options)
    return ['--work-dir', work_dir, *others, '--cfg-options', *settings]


def train(toy, work_dir, *others, config=CONFIG, **settings) -> subprocess.CompletedProcess:
    """Trains in one process."""
    return tool('train.py', config, *flags(toy, work_dir, *others, **settings))


def train_on_ranks(
    toy, work_dir, *others, config=CONFIG, **settings
) -> subprocess.CompletedProcess:
    """Trains in two processes on the CPU; does not check the exit status."""
    path = os.pathsep.join([str(warm_python().parent), os.environ['PATH']])
    command = ['bash', ROOT / 'tools/dist_train.sh', config, 2]
    return subprocess.run(
        [str(word) for word in (*command, *flags(toy, work_dir, *others, **settings))],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, 'PATH': path, 'PORT': str(20002 + os.getpid() % 20000)},
    )
