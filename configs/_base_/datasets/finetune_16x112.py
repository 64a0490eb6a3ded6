# 16 frames at 16 fps (1 s), 112 x 112; test on 10 clips x 3 crops, probabilities averaged.
_base_ = './av_steps.py'

data_root = 'data/ucf101'

flip = dict(type='Flip', flip_ratio=0.5)
colour = dict(type='PhotometricJitter', prob=0.8, gray_prob=0.0)
pack = dict(type='PackActionInputs', meta_keys=('sample_idx', 'filename', 'subset', 'group'))
train_pipeline = [
    {{_base_.open_file}},
    dict(type='RandomSampleAVClips', clip_len=16, video_fps=16),
    {{_base_.decode_video}},
    dict(type='RandomResizedCrop', area_range=(0.3, 1.0)),
    dict(type='Resize', scale=(112, 112), keep_ratio=False),
    flip,
    colour,
    {{_base_.to_shape}},
    pack,
]
test_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=10, clip_len=16, video_fps=16),
    {{_base_.decode_video}},
    dict(type='Resize', scale=(-1, 112)),
    dict(type='ThreeCrop', crop_size=112),
    {{_base_.to_shape}},
    pack,
]
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=10, clip_len=16, video_fps=16),
    {{_base_.decode_video}},
    dict(type='Resize', scale=(-1, 128)),
    dict(type='CenterCrop', crop_size=112),
    {{_base_.to_shape}},
    pack,
]
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='train_split1.json',
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='test_split1.json',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_evaluator = dict(type='AccuracyMetric')
test_cfg = dict(type='TestLoop')
# The last epoch is tested. Choosing an epoch on the test split would be optimistic, so there is no
# validation. To validate, give a held-out part of the training split as val_dataloader.
val_dataloader = None
val_evaluator = None
