"""Loads the encoders of a checkpoint."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import NamedTuple

from mmaction.registry import MODELS
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader, _load_checkpoint_to_model

from ..checkpoints.registered import check_registered
from ..errors import UsageError, WeightsError
from ..models import AVEncoder
from ..utils.building import building_errors
from ..utils.config import parse_config_text, read_config
from ..utils.seeding import seeded

ENCODER_PARTS = ('backbone', 'audio_backbone', 'neck', 'audio_neck', 'channels_last')

SHIPPED = 'shipped'
"""Name of the checkpoint that comes with this package, trained to find copies."""

SHIPPED_PATH = Path(__file__).parents[1] / 'checkpoints' / 'shipped' / 'copies.safetensors'


class Checkpoint(NamedTuple):
    """A checkpoint in memory: its path and its contents."""

    path: str
    content: dict


def read_checkpoint(checkpoint: str | Checkpoint) -> Checkpoint:
    """Read a checkpoint, to pass it to several functions; does nothing if it is already read.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        WeightsError: If the file is not a checkpoint.
    """
    if isinstance(checkpoint, Checkpoint):
        return checkpoint
    path = str(SHIPPED_PATH) if checkpoint == SHIPPED else os.fspath(checkpoint)
    content = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    if not isinstance(content, dict):
        raise WeightsError(f'{path} holds a {type(content).__name__}, not a checkpoint')
    return Checkpoint(path, content)


def load_encoder(
    checkpoint: str | Checkpoint, config: str | Config | None = None, device: str | None = None
) -> tuple[AVEncoder, Config]:
    """Build the encoders of a checkpoint with their weights.

    Args:
        checkpoint (str or Checkpoint): Checkpoint of training, ``'shipped'`` for the weights that
            come with this package, or ``'random'`` for seeded random weights.
        config (str or Config, optional): Config that the checkpoint was trained with. Defaults to
        device (str, optional): Device of the model. Defaults to None: a GPU if there is one.

    Returns:
        tuple: The :class:`AVEncoder` in eval mode, and the config.

    Raises:
        FileNotFoundError: If there is no such checkpoint or config.
        ValueError: If the checkpoint has no config and none is given, or the config has no encoder.
        UsageError: If the encoders cannot be built, or the device cannot be used.
    """
    if checkpoint != 'random':
        checkpoint = read_checkpoint(checkpoint)
    config = config_of_checkpoint(checkpoint) if config is None else config
    config = config if isinstance(config, Config) else read_config(config)
    init_default_scope('mmaction')
    with seeded(0), building_errors(config):
        model = MODELS.build(encoder_config(config.model))
        if checkpoint == 'random':
            _init_quietly(model)
    if checkpoint != 'random':
        _load_checkpoint_to_model(model, checkpoint.content)
    try:
        return model.to(device or get_device()).eval(), config
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f'the device {device} cannot be used: {reason}') from error


def _init_quietly(model: AVEncoder) -> None:
    """Initialise weights without mmengine's hundreds of log lines."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('WARNING')
    model.init_weights()
    logger.setLevel(level)


def encoder_config(model: ConfigDict) -> dict:
    """Extract the config of an :class:`AVEncoder` from a model's config, without weights."""
    model = copy.deepcopy(model)
    parts = {name: model[name] for name in ENCODER_PARTS if model.get(name) is not None}
    if 'backbone' not in parts and 'audio_backbone' not in parts:
        raise ValueError(f'the model {model.get("type")} has neither backbone nor audio_backbone')
    for name in ('backbone', 'audio_backbone'):
        if name in parts:
            parts[name].pop('init_cfg', None)
    preprocessor = model.get('data_preprocessor')
    if preprocessor is not None and 'preprocessors' not in preprocessor:  # of a stock recognizer
        key = 'imgs' if 'backbone' in parts else 'audios'
        preprocessor = dict(type='MultiModalDataPreprocessor', preprocessors={key: preprocessor})
    return dict(type='AVEncoder', data_preprocessor=preprocessor, **parts)


def config_of_checkpoint(checkpoint: str | Checkpoint) -> Config:
    """Read the config that mmengine stored in a checkpoint, without running it.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        WeightsError: If it has no config, or the config's networks and ``feature_pipeline`` use
            anything but registered components.
    """
    if checkpoint == 'random':
        raise ValueError(
            "'random' weights need a config that says of which network: add --config FILE, for "
            'instance configs/demo/avtss_toy.py'
        )
    path, content = read_checkpoint(checkpoint)
    meta = content.get('meta')
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if not text:
        raise WeightsError(f'{path} holds no config: name the one that it was trained with')
    try:
        config = parse_config_text(text)
        check_registered([encoder_config(config.model), config.get('feature_pipeline')])
    except (AttributeError, TypeError, ValueError) as error:  # no model, or no dict
        raise WeightsError(f'{path}: {error}. Name a config that you trust instead') from error
    return config
