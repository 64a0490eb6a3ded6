# Features of whole files for evaluation: 10 evenly spread clips, one center crop, no augmentation.
# One test run extracts both the gallery (train split) and the queries (test split).
_base_ = './av_steps.py'

data_root = 'data/vggsound'

pack = dict(
    type='PackActionInputs',
    collect_keys=('imgs', 'audios'),
    algorithm_keys=('has_audio',),
    meta_keys=('sample_idx', 'filename', 'subset', 'group'),
)
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=10, clip_len=16, video_fps=16),
    {{_base_.decode}},
    dict(type='Resize', scale=(-1, 128)),
    dict(type='CenterCrop', crop_size=112),
    {{_base_.log_mel}},
    {{_base_.to_shape}},
    pack,
]
test_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='GalleryQueryDataset',
        data_root=data_root,
        gallery=dict(ann_file='train.json'),
        query=dict(ann_file='test.json'),
        pipeline=feature_pipeline,
    ),
)
test_evaluator = dict(type='LinearProbeMetric')
test_cfg = dict(type='TestLoop')
