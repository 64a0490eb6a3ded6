# The whole method in CPU size on the toy world: takes minutes on two cores.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/avtss_r2plus1d.py',
    '../_base_/datasets/kinetics400_av.py',
]

data_root = 'data/toy'
channels, audio_channels = 128, 256

model = dict(
    channels_last=True,
    backbone=dict(stage_blocks=(1, 1, 1, 1), base_channels=16),
    audio_backbone=dict(depth=10, base_channels=32),
    # One linear layer each: better than three at this size, see docs/choices.md.
    neck=dict(in_channels=channels, out_channels=64, num_layers=1),
    audio_neck=dict(in_channels=audio_channels, out_channels=64, num_layers=1),
    # The queue holds less than half of the data set; ranks and numbers shrink with it. Neighbours
    # are added late: as long as the features are noise, so are their neighbours.
    queue=dict(length=160, feat_dim=64),
    contrastive_head=dict(
        positive_ranks=(1, 3), num_negatives=32, negative_ranks=(20, 120), neighbor_start_epoch=20
    ),
    pretext_heads=dict(
        speed_v=dict(in_channels=channels),
        speed_a=dict(in_channels=audio_channels),
        direction_v=dict(in_channels=channels),
        direction_a=dict(in_channels=audio_channels),
        order_vv=dict(in_channels=(channels, channels), hidden_channels=channels),
        order_aa=dict(in_channels=(audio_channels, audio_channels), hidden_channels=channels),
        order_va=dict(in_channels=(channels, audio_channels), hidden_channels=channels),
    ),
)

crop_and_flip = dict(
    type='PerClip',
    transforms=[
        dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
        dict(type='Resize', scale=(48, 48), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
    ],
)
# Per clip: colours must not tell which two windows belong together, or v2v learns nothing else.
# (The names differ from those of the base config; equal ones would be merged with it wherever a
# config that inherits from this one refers to them.)
jitter = dict(
    type='PerClip', transforms=[dict(type='PhotometricJitter', gray_prob=0.3, per_frame=True)]
)
log_mel = dict(type='MelSpectrogram', num_mels=64, num_columns=80, hop_duration=0.008)
mask_bands = dict(type='SpecFrequencyMask', max_width=12)
sample_windows = dict(
    type='SampleAVClips',
    clip_len=8,
    video_fps=12.5,
    speeds={{_base_.speeds}},
    shared_speed=False,
    shared_direction=False,
)
train_pipeline = [
    {{_base_.open_file}},
    sample_windows,
    {{_base_.decode}},
    crop_and_flip,
    jitter,
    {{_base_.amplify}},
    log_mel,
    mask_bands,
    {{_base_.to_shape}},
    {{_base_.pack}},
]
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=4, clip_len=8, video_fps=12.5),
    {{_base_.decode}},
    dict(type='Resize', scale=(48, 48), keep_ratio=False),
    log_mel,
    {{_base_.to_shape}},
    {{_base_.pack}},
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        gallery=dict(ann_file='train.json', max_per_class=10),
        query=dict(ann_file='test.json', max_per_class=5),
        pipeline=feature_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        gallery=dict(ann_file='train.json', max_per_class=None),
        query=dict(ann_file='test.json', max_per_class=None),
        pipeline=feature_pipeline,
    ),
)

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.99), weight_decay=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
)
max_epochs = 30
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=2, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=2,
        end=max_epochs,
        eta_min_ratio=1e-2,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=16)

custom_hooks = [dict(type='PretrainMonitorHook')]
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=5))
