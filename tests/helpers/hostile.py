"""Files that an attacker may distribute: pickles that run code, and checkpoints made of them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import torch


class Malicious:
    """Pickles as a function call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def write_pickle(path: Path, marker: Path) -> Path:
    """Writes a pickle that creates the file ``marker`` when it is loaded carelessly."""
    path.write_bytes(pickle.dumps(dict(state_dict=Malicious(os.system, f'touch "{marker}"'))))
    return path


def write_checkpoint(path: Path, config_text: str) -> Path:
    """Writes a checkpoint of plain values with this text as its config."""
    torch.save(dict(state_dict={}, meta=dict(cfg=config_text)), path)
    return path
