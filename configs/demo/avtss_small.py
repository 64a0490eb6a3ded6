# The demo with smaller pictures, spectrograms and networks, for studies of many runs. Toy videos of
# `make_toy_dataset.py --size 64` are large enough.
_base_ = './avtss_toy.py'

channels, audio_channels = 64, 128

model = dict(
    backbone=dict(base_channels=8),
    audio_backbone=dict(base_channels=16),
    neck=dict(in_channels=channels),
    audio_neck=dict(in_channels=audio_channels),
    pretext_heads=dict(
        speed_v=dict(in_channels=channels),
        speed_a=dict(in_channels=audio_channels),
        direction_v=dict(in_channels=channels),
        direction_a=dict(in_channels=audio_channels),
        order_vv=dict(in_channels=(channels, channels)),
        order_aa=dict(in_channels=(audio_channels, audio_channels)),
        order_va=dict(in_channels=(channels, audio_channels)),
    ),
)

small_crop_and_flip = dict(
    type='PerClip',
    transforms=[
        dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
    ],
)
small_log_mel = dict(type='MelSpectrogram', num_mels=40, num_columns=50, hop_duration=0.0128)
small_mask = dict(type='SpecFrequencyMask', max_width=8)
train_pipeline = [
    {{_base_.open_file}},
    {{_base_.sample_windows}},
    {{_base_.decode}},
    small_crop_and_flip,
    {{_base_.jitter}},
    {{_base_.amplify}},
    small_log_mel,
    small_mask,
    {{_base_.to_shape}},
    {{_base_.pack}},
]
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=4, clip_len=8, video_fps=12.5),
    {{_base_.decode}},
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    small_log_mel,
    {{_base_.to_shape}},
    {{_base_.pack}},
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=feature_pipeline))
test_dataloader = dict(dataset=dict(pipeline=feature_pipeline))
