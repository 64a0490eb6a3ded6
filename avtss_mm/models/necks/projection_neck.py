"""The projection from backbone features to the embedding space of the contrastive losses."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmaction.registry import MODELS
from mmengine.model import BaseModule

from ..in_channels import apply_first
from ..losses import full_precision


@MODELS.register_module()
class ProjectionNeck(BaseModule):
    """``z = normalise(psi(h))`` with an MLP ``psi`` (BatchNorm and ReLU between its layers).

    The temporal heads and all downstream tasks use ``h``, which may keep what the contrastive
    losses make ``z`` forget (speed, direction).

    Args:
        in_channels (int): Size of the backbone's pooled feature ``h``. Defaults to 512.
        hidden_channels (int): Width of the hidden layers. Defaults to 1024.
        out_channels (int): Size ``D`` of the embedding ``z``. Defaults to 128.
        num_layers (int): Number of linear layers, at least 1. Defaults to 3 (512-1024-1024-128).
        init_cfg (dict, optional): Initialisation. Defaults to None (PyTorch's).
    """

    def __init__(
        self,
        in_channels: int = 512,
        hidden_channels: int = 1024,
        out_channels: int = 128,
        num_layers: int = 3,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        layers = []
        for _ in range(num_layers - 1):
            layers += [
                nn.Linear(in_channels, hidden_channels, bias=False),
                nn.BatchNorm1d(hidden_channels),
                nn.ReLU(inplace=True),
            ]
            in_channels = hidden_channels
        layers.append(nn.Linear(in_channels, out_channels))
        self.mlp = nn.Sequential(*layers)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Project pooled features.

        Args:
            h (Tensor): Features of shape ``(N, in_channels)``.

        Returns:
            Tensor: Unit vectors of shape ``(N, out_channels)``; float32 even under autocast
            (float64 stays float64).
        """
        return F.normalize(full_precision(apply_first(self.mlp, h, self)), dim=-1)
