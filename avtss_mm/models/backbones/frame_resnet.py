"""A 2-D residual network on single frames."""

from __future__ import annotations

import torch
from mmaction.registry import MODELS

from .spectrogram_resnet import SpectrogramResNet


@MODELS.register_module()
class FrameResNet(SpectrogramResNet):
    r"""Features of each frame alone, for recognising copies.

    Clips ``(N, 3, T, H, W)`` become features ``(N, out_channels, T)``. The maps of a frame are
    pooled by their generalised mean (Radenovic et al., TPAMI 2019,
    `<https://arxiv.org/abs/1711.02512>`_), in which the strongest places count most:

    .. math:: h = (mean(x^p))^{1/p}

    Args:
        depth (int): Number of layers, 10 or 18. Defaults to 10.
        base_channels (int): Width of the first stage. Defaults to 32.
        in_channels (int): Number of channels of a frame. Defaults to 3.
        power (float): Exponent ``p``; 1 is the mean, and large values approach the maximum.
            Defaults to 3.
        **kwargs: Other arguments of :class:`SpectrogramResNet`.
    """

    def __init__(
        self,
        depth: int = 10,
        base_channels: int = 32,
        in_channels: int = 3,
        power: float = 3.0,
        **kwargs,
    ) -> None:
        super().__init__(depth, base_channels, in_channels, **kwargs)
        self.power = power

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the features of the frames."""
        frames = x.transpose(1, 2).flatten(0, 1)  # N * T, 3, H, W
        maps = super().forward(frames.contiguous(memory_format=torch.channels_last))
        pooled = maps.float().clamp(min=1e-6).pow(self.power).mean(dim=(2, 3))
        pooled = pooled.pow(1 / self.power)  # N * T, C
        return pooled.unflatten(0, (len(x), -1)).transpose(1, 2)
