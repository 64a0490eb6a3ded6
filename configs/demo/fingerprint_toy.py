# AVTSS-FP v1 on the toy world:
#   python tools/fingerprint.py distort data/toy/test.json -o data/toy/fingerprint
#   python tools/test.py configs/demo/fingerprint_toy.py CKPT
_base_ = '../fingerprint/r2plus1d_vggsound.py'

data_root = 'data/toy'
neck = dict(out_channels=64, num_layers=1)
model = dict(
    channels_last=True,
    backbone=dict(stage_blocks=(1, 1, 1, 1), base_channels=16),
    audio_backbone=dict(depth=10, base_channels=32),
    neck=dict(in_channels=128, **neck),
    audio_neck=dict(in_channels=256, **neck),
)

# Chunks of 2 s, at the resolution of the training windows: 12.5 frames and 125 columns per second.
whole_picture = dict(type='Resize', scale=(48, 48), keep_ratio=False)
log_mel = dict(type='MelSpectrogram', num_mels=64, num_columns=250, hop_duration=0.008)
steps = [{{_base_.decode}}, whole_picture, log_mel, {{_base_.to_shape}}, {{_base_.pack}}]
query_chunks = dict(type='SlidingAVClips', stride=0.5, clip_len=25, video_fps=12.5)
gallery_chunks = dict(type='SlidingAVClips', stride=1.0, clip_len=25, video_fps=12.5)
feature_pipeline = [{{_base_.open_file}}, query_chunks, *steps]
gallery_pipeline = [{{_base_.open_file}}, gallery_chunks, *steps]
test_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root, pipeline=feature_pipeline, gallery=dict(pipeline=gallery_pipeline)
    ),
)
