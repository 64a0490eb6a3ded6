"""The R(2+1)D network of AVID-CMA, to run its released weights as they were trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmaction.registry import MODELS

from .staged_resnet import StagedResNet


@MODELS.register_module()
class AVIDR2Plus1D(StagedResNet):
    """R(2+1)D as in AVID (Morgado et al., CVPR 2021, `<https://arxiv.org/abs/2004.12943>`_).

    It differs from torchvision's network: the stem is one 3 x 7 x 7 convolution with max pooling,
    which halves the resolution of all stages; the two halves of a convolution are equally wide;
    shortcuts have no BatchNorm; and the last BatchNorm of a block follows the sum.

    Clips ``(N, C, T, H, W)`` become features ``(N, out_channels, T / 8, H / 32, W / 32)``. AVID
    takes their maximum over space and time, this package their mean.

    Args:
        stage_blocks (Sequence[int]): Number of residual blocks in each of the four stages.
            Defaults to (2, 2, 2, 2), the 18-layer network.
        base_channels (int): Width of the first stage; the others are 2, 4 and 8 times as wide.
            Defaults to 64.
        in_channels (int): Number of input channels. Defaults to 3.
        frozen_stages (int): Frozen stages, as in :class:`R2Plus1D`. Defaults to -1.
        norm_eval (bool): BatchNorm in eval mode, as in :class:`R2Plus1D`. Defaults to False.
        with_cp (bool): Less memory for more time, as in :class:`R2Plus1D`. Defaults to False.
        init_cfg (dict, optional): Initialisation config, e.g. ``dict(type='Pretrained', ...)``.
            Defaults to None: Kaiming initialisation (fan out) of the convolutions.
    """

    def __init__(
        self,
        stage_blocks: Sequence[int] = (2, 2, 2, 2),
        base_channels: int = 64,
        in_channels: int = 3,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        stem = nn.Sequential(
            nn.Conv3d(in_channels, base_channels, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
            nn.BatchNorm3d(base_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1)),
        )
        init_cfg = init_cfg or dict(type='Kaiming', layer='Conv3d', mode='fan_out')
        super().__init__(
            stem, stage_blocks, base_channels, frozen_stages, norm_eval, with_cp, init_cfg
        )

    def make_block(
        self, in_channels: int, channels: int, stride: int, shortcut: nn.Module | None
    ) -> nn.Module:
        """Build a block of two (2+1)D convolutions whose halves are equally wide."""
        return _Block(in_channels, channels, stride, shortcut)

    def make_shortcut(self, in_channels: int, channels: int, stride: int) -> nn.Module:
        """Build a 1 x 1 x 1 convolution."""
        return nn.Conv3d(in_channels, channels, 1, stride, bias=False)


class _Block(nn.Module):
    """A residual block; its parts are named as in the released weights."""

    def __init__(
        self, in_channels: int, channels: int, stride: int, shortcut: nn.Module | None
    ) -> None:
        super().__init__()
        self.spt_conv1 = _spatial(in_channels, channels, stride)
        self.spt_bn1 = nn.BatchNorm3d(channels)
        self.tmp_conv1 = _temporal(channels, stride)
        self.tmp_bn1 = nn.BatchNorm3d(channels)
        self.spt_conv2 = _spatial(channels, channels)
        self.spt_bn2 = nn.BatchNorm3d(channels)
        self.tmp_conv2 = _temporal(channels)
        self.out_bn = nn.BatchNorm3d(channels)
        self.res_conv = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.spt_bn1(self.spt_conv1(x)).relu_()
        y = self.tmp_bn1(self.tmp_conv1(y)).relu_()
        y = self.spt_bn2(self.spt_conv2(y)).relu_()
        y = self.tmp_conv2(y)
        y = y + (x if self.res_conv is None else self.res_conv(x))
        return self.out_bn(y).relu_()


def _spatial(in_channels: int, channels: int, stride: int = 1) -> nn.Conv3d:
    return nn.Conv3d(in_channels, channels, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False)


def _temporal(channels: int, stride: int = 1) -> nn.Conv3d:
    return nn.Conv3d(channels, channels, (3, 1, 1), (stride, 1, 1), (1, 0, 0), bias=False)
