"""Config and checkpoint of a network of a few thousand weights, with the demo's pipelines."""

from __future__ import annotations

from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint

from avtss_mm.apis.encoder import encoder_config
from avtss_mm.utils.seeding import seeded

CHANNELS, PROJECTED = 32, 8
TINY = Path(__file__).parents[2] / 'configs/demo/avtss_tiny.py'
CONFIG = f"""
_base_ = [{str(TINY)!r}]
model = dict(neck=dict(out_channels={PROJECTED}), audio_neck=dict(out_channels={PROJECTED}))
"""


def write_model(folder: Path) -> tuple[str, str]:
    """Writes ``small.py`` and ``small.pth`` into a folder; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    config, checkpoint = folder / 'small.py', folder / 'small.pth'
    config.write_text(CONFIG)
    cfg = Config.fromfile(config)
    init_default_scope('mmaction')
    with seeded(7):
        model = MODELS.build(encoder_config(cfg.model))
        model.init_weights()
        for name, tensor in model.state_dict().items():
            if name.endswith(('running_mean', 'running_var')):  # as after training
                tensor.add_(0.1 * torch.rand_like(tensor))
    meta = dict(cfg=cfg.pretty_text)
    save_checkpoint(dict(state_dict=model.state_dict(), meta=meta), str(checkpoint))
    return str(config), str(checkpoint)
