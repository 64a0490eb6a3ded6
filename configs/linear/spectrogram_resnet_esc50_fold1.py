_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/features_audio.py',
]

model = dict(backbone=None, neck=None, audio_neck=None)
