"""What a stranger may hand out: pickles that run code, and checkpoints made of them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import torch


class Malicious:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def write_pickle(path: Path, marker: Path) -> Path:
    """A pickle that makes the file ``marker`` when it is loaded without care."""
    path.write_bytes(pickle.dumps(dict(state_dict=Malicious(os.system, f'touch "{marker}"'))))
    return path


def write_checkpoint(path: Path, config_text: str) -> Path:
    """A checkpoint of plain values whose config is this text."""
    torch.save(dict(state_dict={}, meta=dict(cfg=config_text)), path)
    return path
