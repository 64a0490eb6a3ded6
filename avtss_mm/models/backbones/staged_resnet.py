"""The common base of the video and the audio network: a stem, residual stages, freezing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn as nn
from mmengine.model import BaseModule
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class StagedResNet(BaseModule):
    """A stem and residual stages, each twice as wide as the previous one.

    Subclasses define the blocks and shortcuts in :meth:`make_block` and :meth:`make_shortcut`.

    Args:
        stem (nn.Module): Layers from the input to ``base_channels`` channels.
        stage_blocks (Sequence[int]): Number of residual blocks in each stage. All stages but the
            first have stride 2.
        base_channels (int): Width of the first stage.
        frozen_stages (int): Last frozen stage: the stem (0) and the stages up to this one (1-4) get
            no gradient and keep their BatchNorm statistics. -1 freezes nothing.
        norm_eval (bool): Whether to keep all BatchNorm layers in eval mode during training, so that
            their statistics do not change.
        with_cp (bool): Whether to keep only the inputs of the stem and of each block for the
            backward pass, which computes the rest again: less memory, more time, same numbers.
        init_cfg (dict): Initialisation config.
    """

    def __init__(
        self,
        stem: nn.Module,
        stage_blocks: Sequence[int],
        base_channels: int,
        frozen_stages: int,
        norm_eval: bool,
        with_cp: bool,
        init_cfg: dict,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.num_stages = len(stage_blocks)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.with_cp = with_cp

        self.stem = stem
        channels = base_channels
        for stage, num_blocks in enumerate(stage_blocks):
            width = base_channels * 2**stage
            stride = 1 if stage == 0 else 2
            shortcut = None
            if stride != 1 or channels != width:
                shortcut = self.make_shortcut(channels, width, stride)
            blocks = [self.make_block(channels, width, stride, shortcut)]
            blocks += [self.make_block(width, width, 1, None) for _ in range(num_blocks - 1)]
            self.add_module(f'layer{stage + 1}', nn.Sequential(*blocks))
            channels = width
        self.out_channels = channels
        self._freeze()

    def make_block(
        self, in_channels: int, channels: int, stride: int, shortcut: nn.Module | None
    ) -> nn.Module:
        """Build one residual block."""
        raise NotImplementedError

    def make_shortcut(self, in_channels: int, channels: int, stride: int) -> nn.Module:
        """Build the shortcut of a block that changes the shape."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the feature maps of the last stage."""
        stages = [getattr(self, f'layer{stage + 1}') for stage in range(self.num_stages)]
        if self.with_cp and torch.is_grad_enabled():
            for part in (self.stem, *(block for stage in stages for block in stage)):
                x = _recomputed(part, x)
            return x
        for part in (self.stem, *stages):
            x = part(x)
        return x

    def train(self, mode: bool = True) -> StagedResNet:
        """Set the mode; frozen parts stay in eval mode."""
        super().train(mode)
        self._freeze()
        return self

    def _freeze(self) -> None:
        names = ['stem'] + [f'layer{i + 1}' for i in range(self.num_stages)]
        for name in names[: self.frozen_stages + 1]:
            getattr(self, name).eval().requires_grad_(False)
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()


def _recomputed(part: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Run a part of a network; the backward pass runs it again instead of keeping its tensors."""
    if torch.compiler.is_compiling():  # what the compiler runs again changes no statistics
        return checkpoint(part, x, use_reentrant=False)
    ran = False

    def run(x: torch.Tensor) -> torch.Tensor:
        nonlocal ran
        if not ran:
            ran = True
            return part(x)
        # the running statistics already contain this batch: let copies of them be updated
        copies = {name: buffer.clone() for name, buffer in part.named_buffers()}
        return functional_call(part, copies, x)

    return checkpoint(run, x, use_reentrant=False)
