"""Reports the right feature size if the config of a part has a wrong one."""

from __future__ import annotations

import torch
import torch.nn as nn


def apply_first(layer: nn.Module, features: torch.Tensor, part: nn.Module) -> torch.Tensor:
    """Apply a linear layer, or a sequence that starts with one, to features ``(..., C)``.

    Raises:
        ValueError: If the layer expects another ``C``.
    """
    linear = layer[0] if isinstance(layer, nn.Sequential) else layer
    given, size = features.shape[-1], linear.in_features
    if given != size:
        raise ValueError(
            f'{type(part).__name__} has in_channels={size}, but the features that it receives '
            f'have {given} channels: set its in_channels to the size of the backbone'
        )
    return layer(features)
