# Like features_av.py, but video only: UCF101 and HMDB51.
_base_ = './features_av.py'

data_root = 'data/ucf101'
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=10, clip_len=16, video_fps=16),
    {{_base_.decode_video}},
    dict(type='Resize', scale=(-1, 128)),
    dict(type='CenterCrop', crop_size=112),
    {{_base_.to_shape}},
    dict(
        type='PackActionInputs',
        collect_keys=('imgs',),
        meta_keys=('sample_idx', 'filename', 'subset', 'group'),
    ),
]
test_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        gallery=dict(ann_file='train_split1.json'),
        query=dict(ann_file='test_split1.json'),
        pipeline=feature_pipeline,
    )
)
