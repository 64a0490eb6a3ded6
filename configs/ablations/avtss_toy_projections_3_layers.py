# Projections of three layers, as for large data sets, instead of one.
_base_ = '../demo/avtss_toy.py'

model = dict(
    neck=dict(hidden_channels=256, num_layers=3),
    audio_neck=dict(hidden_channels=256, num_layers=3),
)
