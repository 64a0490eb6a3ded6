_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/features_video.py',
]

model = dict(audio_backbone=None, neck=None, audio_neck=None)
data_root = 'data/hmdb51'
test_dataloader = dict(dataset=dict(data_root=data_root))
