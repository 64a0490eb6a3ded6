# Small encoders for copies: frames one by one, and spectrograms of 2 s.
_base_ = './av_encoder.py'

model = dict(
    backbone=dict(type='FrameResNet', depth=10, base_channels=32),
    audio_backbone=dict(depth=10, base_channels=24),
    neck=dict(in_channels=256, out_channels=128, num_layers=1),
    audio_neck=dict(in_channels=192, out_channels=128, num_layers=1),
)
