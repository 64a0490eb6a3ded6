"""The usual R(2+1)D-18, with torchvision's blocks and parameter names."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn as nn
from mmaction.registry import MODELS

from .staged_resnet import StagedResNet


@MODELS.register_module()
class R2Plus1D(StagedResNet):
    """R(2+1)D residual network (Tran et al., CVPR 2018, `<https://arxiv.org/abs/1711.11248>`_).

    Its parameters have the names and shapes of ``torchvision.models.video.r2plus1d_18`` (without
    the classifier ``fc``), so ``load_state_dict`` moves weights in both directions. It is not
    mmaction2's ``ResNet2Plus1d``, whose stem, widths and shortcuts differ.

    Clips ``(N, C, T, H, W)`` become features ``(N, out_channels, T / 8, H / 16, W / 16)``.

    Args:
        stage_blocks (Sequence[int]): Number of residual blocks in each of the four stages.
            Defaults to (2, 2, 2, 2), the 18-layer network.
        base_channels (int): Width of the first stage; the others are 2, 4 and 8 times as wide.
            Weights of torchvision need 64. Defaults to 64.
        in_channels (int): Number of input channels. Defaults to 3.
        frozen_stages (int): Last frozen stage: the stem (0) and the stages up to this one (1-4) get
            no gradient and keep their BatchNorm statistics. -1 freezes nothing. Defaults to -1.
        norm_eval (bool): Whether to keep all BatchNorm layers in eval mode during training, so that
            their statistics do not change. Defaults to False.
        with_cp (bool): Whether to keep only the inputs of the stem and of each block for the
            backward pass, which computes the rest again: less memory, more time, same numbers.
            Defaults to False.
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
        mid_channels = max(45 * base_channels // 64, 1)
        stem = nn.Sequential(
            nn.Conv3d(in_channels, mid_channels, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            nn.BatchNorm3d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv3d(mid_channels, base_channels, (3, 1, 1), padding=(1, 0, 0), bias=False),
            nn.BatchNorm3d(base_channels),
            nn.ReLU(inplace=True),
        )
        init_cfg = init_cfg or dict(type='Kaiming', layer='Conv3d', mode='fan_out')
        super().__init__(
            stem, stage_blocks, base_channels, frozen_stages, norm_eval, with_cp, init_cfg
        )

    def make_block(
        self, in_channels: int, channels: int, stride: int, shortcut: nn.Module | None
    ) -> nn.Module:
        """Build torchvision's basic block of two (2+1)D convolutions."""
        # imported here: it takes a second, and other networks do not need it
        from torchvision.models.video.resnet import BasicBlock, Conv2Plus1D

        return BasicBlock(in_channels, channels, Conv2Plus1D, stride, shortcut)

    def make_shortcut(self, in_channels: int, channels: int, stride: int) -> nn.Module:
        """Build a 1 x 1 x 1 convolution with BatchNorm."""
        conv = nn.Conv3d(in_channels, channels, 1, stride, bias=False)
        return nn.Sequential(conv, nn.BatchNorm3d(channels))
