"""Encoders in safetensors files, with the config that builds them."""

from __future__ import annotations

import torch
from mmengine.config import Config
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import WeightsError
from ..files.whole_file import written_whole

SUFFIX = '.safetensors'


def write_safetensors(path, state_dict: dict[str, torch.Tensor], config: Config) -> None:
    """Write weights; those of two and more dimensions in half precision.

    Args:
        path (str | Path): Path of the file.
        state_dict (dict): Tensors by name.
        config (Config): Config that builds the networks and reads files for them.
    """
    tensors = {
        name: tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor
        for name, tensor in state_dict.items()
    }
    tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    with written_whole(path) as draft:
        save_file(tensors, draft, metadata=dict(config=config.pretty_text))


def read_safetensors(path) -> dict:
    """Read a file of :func:`write_safetensors` as a checkpoint, in single precision.

    Returns:
        dict: ``state_dict``, and ``meta`` with the config as ``cfg``, as mmengine stores it.

    Raises:
        WeightsError: If it is no such file.
    """
    try:
        with safe_open(path, framework='pt') as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            config = (file.metadata() or {}).get('config')
    except SafetensorError as error:
        raise WeightsError(f'{path} is no safetensors file: {error}') from error
    tensors = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
    return dict(state_dict=tensors, meta=dict(cfg=config))
