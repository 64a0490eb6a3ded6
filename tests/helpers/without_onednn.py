"""Switches oneDNN off, for `custom_imports` of a command: a test's own process must not import it.

In bfloat16, oneDNN's weight gradient of a 3 x 1 x 1 convolution over two frames is garbage, up to
inf (torch 2.14 on avx512_bf16); torch's own kernels are right.
"""

import torch

torch.backends.mkldnn.set_flags(False)
