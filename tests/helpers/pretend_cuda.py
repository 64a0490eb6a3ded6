"""CUDA tensors without a GPU and without data: a model runs at full size, in seconds.

Fake tensors of torch have a shape, a type and a device. An operation that mixes devices raises, as
on a GPU, and what would make the host wait for the GPU is counted by place.
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import mmaction
import mmengine
import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import avtss_mm

CUDA = torch.device('cuda', 0)
READS = {'aten::nonzero', 'aten::masked_select', 'aten::_unique2', 'aten::equal'}
PACKAGES = [Path(package.__file__).parent for package in (avtss_mm, mmaction, mmengine)]


class Waits(TorchDispatchMode):
    """Counts what makes the host wait, by file and function of ours, mmengine or mmaction2.

    Attributes:
        places (Counter): How often the host waits, by ``(file, function)``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        name = func._schema.name
        if kwargs.get('device') is not None and torch.device(kwargs['device']).type == 'meta':
            kwargs['device'] = CUDA  # the C++ of autograd sees the device of the storage
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        on_cuda = any(t.device.type == 'cuda' for t in tensors)
        if name == 'aten::_local_scalar_dense' and isinstance(args[0], FakeTensor):
            self._note(on_cuda)
            return 0.5 if args[0].is_floating_point() else 0
        if name in ('aten::_to_copy', 'aten::copy_'):
            source = args[name == 'aten::copy_'].device.type
            target = args[0].device if name == 'aten::copy_' else kwargs.get('device') or source
            self._note(source != torch.device(target).type and not kwargs.get('non_blocking'))
        elif name == 'aten::index':  # by a mask, or by numbers that lie on the host
            indices = [index for index in args[1] if index is not None]
            apart = any(i.dtype == torch.bool or i.device.type == 'cpu' for i in indices)
            self._note(args[0].device.type == 'cuda' and apart)
        else:
            self._note(on_cuda and name in READS)
        return func(*args, **kwargs)

    def _note(self, waits: bool) -> None:
        if not waits:
            return
        frame = sys._getframe(2)
        while frame is not None:
            path, function = Path(frame.f_code.co_filename), frame.f_code.co_name
            for root in PACKAGES:
                if path.is_relative_to(root) and not function.startswith('<'):
                    self.places[path.relative_to(root.parent).as_posix(), function] += 1
                    return
            frame = frame.f_back
        raise AssertionError('a wait outside of every package')


needs_fake_cuda = pytest.mark.skipif(
    not hasattr(FakeTensor, '_normalize_fake_device'), reason='needs a newer torch'
)


@contextlib.contextmanager
def pretend_cuda() -> Iterator[Waits]:
    """Make fake CUDA tensors, with which autograd asks for no CUDA thread; yield the waits."""
    make, normalize = torch.Tensor._make_subclass, FakeTensor._normalize_fake_device

    def make_subclass(cls, elem, requires_grad=False, **kwargs):
        if cls is FakeTensor:
            kwargs['dispatch_device'] = False
        return make(cls, elem, requires_grad, **kwargs)

    def normalized(device):
        return CUDA if torch.device(device).type == 'meta' else normalize(device)

    def apply(self, function, recurse=True):  # nn.Module.to: new parameters instead of swapped ones
        for child in self.children():
            apply(child, function)
        for key, parameter in self._parameters.items():
            if parameter is not None:
                moved = function(parameter.detach())
                self._parameters[key] = nn.Parameter(moved, parameter.requires_grad)
        for key, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[key] = function(buffer)
        return self

    with (
        patch.object(torch.Tensor, '_make_subclass', staticmethod(make_subclass)),
        patch.object(FakeTensor, '_normalize_fake_device', staticmethod(normalized)),
        patch.object(nn.Module, '_apply', apply),
        patch.object(FakeTensor, 'numpy', lambda tensor: np.zeros(tensor.shape)),
        FakeTensorMode(allow_non_fake_inputs=True),
        Waits() as waits,
    ):
        yield waits
