# Video, audio and joint features of VGG-Sound.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/features_av.py',
]
