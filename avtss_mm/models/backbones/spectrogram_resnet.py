"""A 2-D residual network for log-mel spectrograms."""

from __future__ import annotations

import torch
import torch.nn as nn
from mmaction.registry import MODELS

from .staged_resnet import StagedResNet


class BasicBlock(nn.Module):
    """torchvision's block of two 3 x 3 convolutions, whose import takes a second.

    Args:
        in_channels (int): Number of input channels.
        channels (int): Number of output channels.
        stride (int): Stride of the first convolution.
        downsample (nn.Module, optional): Shortcut. Defaults to None: the input itself.
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int, downsample: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = downsample

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add the shortcut to what the convolutions compute."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


@MODELS.register_module()
class SpectrogramResNet(StagedResNet):
    """ResNet (He et al., CVPR 2016, `<https://arxiv.org/abs/1512.03385>`_) on log-mel input.

    mmaction2's ``ResNetAudio`` has no small depths; this network has 10 or 18 layers.

    Spectrograms ``(N, 1, L, F)`` (time columns, mel bins) become features
    ``(N, out_channels, L / 32, F / 32)``, rounded up: 4 x 3 positions for 100 x 80.

    Args:
        depth (int): Number of layers, 10 or 18. Defaults to 18.
        base_channels (int): Width of the first stage; the others are 2, 4 and 8 times as wide.
            Defaults to 64.
        in_channels (int): Number of channels of the spectrogram. Defaults to 1.
        frozen_stages (int): Last frozen stage: the stem (0) and the stages up to this one (1-4) get
            no gradient and keep their BatchNorm statistics. -1 freezes nothing. Defaults to -1.
        norm_eval (bool): Whether to keep all BatchNorm layers in eval mode during training.
            Defaults to False.
        with_cp (bool): Whether to keep only the inputs of the stem and of each block for the
            backward pass, which computes the rest again: less memory, more time, same numbers.
            Defaults to False.
        init_cfg (dict, optional): Initialisation config, e.g. ``dict(type='Pretrained', ...)``.
            Defaults to None: Kaiming initialisation (fan out) of the convolutions.

    Raises:
        ValueError: If there is no network of this depth.
    """

    stage_blocks = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2)}

    def __init__(
        self,
        depth: int = 18,
        base_channels: int = 64,
        in_channels: int = 1,
        frozen_stages: int = -1,
        norm_eval: bool = False,
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        if depth not in self.stage_blocks:
            raise ValueError(f'depth must be one of {list(self.stage_blocks)}, got {depth}')
        stem = nn.Sequential(
            nn.Conv2d(in_channels, base_channels, 7, 2, 3, bias=False),
            nn.BatchNorm2d(base_channels),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        stage_blocks = self.stage_blocks[depth]
        init_cfg = init_cfg or dict(type='Kaiming', layer='Conv2d', mode='fan_out')
        super().__init__(
            stem, stage_blocks, base_channels, frozen_stages, norm_eval, with_cp, init_cfg
        )

    def make_block(
        self, in_channels: int, channels: int, stride: int, shortcut: nn.Module | None
    ) -> nn.Module:
        """Build a block of two 3 x 3 convolutions."""
        return BasicBlock(in_channels, channels, stride, shortcut)

    def make_shortcut(self, in_channels: int, channels: int, stride: int) -> nn.Module:
        """Build a 1 x 1 convolution with BatchNorm."""
        conv = nn.Conv2d(in_channels, channels, 1, stride, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(channels))
