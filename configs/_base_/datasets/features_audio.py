# Like features_av.py, but audio only: ESC-50, 10 windows of 1 s.
_base_ = './features_av.py'

data_root = 'data/esc50'
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=10, clip_len=16, video_fps=16),
    {{_base_.decode_audio}},
    {{_base_.log_mel}},
    dict(
        type='PackActionInputs',
        collect_keys=('audios',),
        algorithm_keys=('has_audio',),
        meta_keys=('sample_idx', 'filename', 'subset', 'group'),
    ),
]
test_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        gallery=dict(ann_file='train_fold1.json'),
        query=dict(ann_file='test_fold1.json'),
        pipeline=feature_pipeline,
    )
)
