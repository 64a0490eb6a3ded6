# 16 frames at 16 fps (1 s at speed 1), 112 x 112; 1 s of 16 kHz sound as 100 x 80 log-mel.
_base_ = './av_steps.py'

data_root = 'data/kinetics400'
speeds = (1, 2, 4, 8)

# Audio and video of a window draw their speeds and directions independently: shared ones would tell
# which sound belongs to a clip. This was seen on the toy world, not measured here: docs/choices.md
sample_windows = dict(
    type='SampleAVClips',
    clip_len=16,
    video_fps=16,
    speeds=speeds,
    shared_speed=False,
    shared_direction=False,
)
crop_and_flip = dict(
    type='PerClip',
    transforms=[
        dict(type='RandomResizedCrop', area_range=(0.2, 1.0)),
        dict(type='Resize', scale=(112, 112), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
    ],
)
# Per frame: low-level differences between frames must not reveal the speed.
colour = dict(type='PhotometricJitter', prob=0.8, gray_prob=0.2, per_frame=True)
amplify = dict(type='AudioAmplify', gain_db=(-6, 6))
mask_frequencies = dict(type='SpecFrequencyMask', max_width=16, num_masks=1)
pack = dict(
    type='PackActionInputs',
    collect_keys=('imgs', 'audios'),
    algorithm_keys=(
        'video_speed',
        'audio_speed',
        'video_direction',
        'audio_direction',
        'clip_order',
        'has_audio',
    ),
    meta_keys=('sample_idx', 'filename', 'subset', 'group'),
)
train_pipeline = [
    {{_base_.open_file}},
    sample_windows,
    {{_base_.decode}},
    crop_and_flip,
    colour,
    amplify,
    {{_base_.log_mel}},
    mask_frequencies,
    {{_base_.to_shape}},
    pack,
]
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=3, clip_len=16, video_fps=16),
    {{_base_.decode}},
    dict(type='Resize', scale=(-1, 128)),
    dict(type='CenterCrop', crop_size=112),
    {{_base_.log_mel}},
    {{_base_.to_shape}},
    pack,
]

train_dataloader = dict(
    batch_size=64,
    num_workers=12,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='train.json',
        pipeline=train_pipeline,
    ),
)
# The k-NN monitor. Labels are used for nothing else.
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='GalleryQueryDataset',
        data_root=data_root,
        gallery=dict(ann_file='train.json', max_per_class=20),
        query=dict(ann_file='val.json', max_per_class=5),
        pipeline=feature_pipeline,
    ),
)
val_evaluator = dict(type='KNNMetric', k=20)
test_dataloader = val_dataloader
test_evaluator = val_evaluator
