# For cards of 24 GB, with --amp: the encoders keep only the inputs of their blocks for the backward
# pass and compute the rest again. Losses, gradients and the batch of 64 stay the same: docs/gpu.md.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(backbone=dict(with_cp=True), audio_backbone=dict(with_cp=True))
