# Like r2plus1d_vggsound.py, but audio only: for audio files, or to ignore the picture of videos.
#   python tools/test.py configs/fingerprint/spectrogram_resnet_vggsound.py CKPT
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/fingerprint_audio.py',
]

model = dict(backbone=None, neck=None, test_cfg=dict(per_clip=True))
