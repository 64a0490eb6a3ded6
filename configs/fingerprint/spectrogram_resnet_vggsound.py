# The same of the sound alone: for sound files, and for videos whose picture shall not count.
#   python tools/test.py configs/fingerprint/spectrogram_resnet_vggsound.py CKPT
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/fingerprint_audio.py',
]

model = dict(backbone=None, neck=None, test_cfg=dict(per_clip=True))
