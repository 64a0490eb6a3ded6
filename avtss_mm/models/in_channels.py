"""Says which size of feature a part must be given, where the one in its config is another."""

from __future__ import annotations

import torch
import torch.nn as nn


def apply_first(layer: nn.Module, features: torch.Tensor, part: nn.Module) -> torch.Tensor:
    """Apply a part's first linear layer, or all that begins with it, to features ``(..., C)``.

    Raises:
        ValueError: If it is made for another ``C``.
    """
    linear = layer[0] if isinstance(layer, nn.Sequential) else layer
    given, size = features.shape[-1], linear.in_features
    if given != size:
        raise ValueError(
            f'{type(part).__name__} has in_channels={size}, but the features that it is given '
            f'have {given} channels: set its in_channels to what the backbone gives'
        )
    return layer(features)
