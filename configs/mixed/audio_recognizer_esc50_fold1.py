# mmaction2's own audio recognizer with our decoding, log-mel and augmentations.
_base_ = (
    'mmaction::recognition_audio/resnet/tsn_r18_8xb320-64x1x1-100e_kinetics400-audio-feature.py'
)

custom_imports = dict(imports=['avtss_mm'], allow_failed_imports=False)
data_root = 'data/esc50'
log_mel = dict(type='MelSpectrogram', num_mels=80, num_columns=100)
pack = dict(type='PackActionInputs', meta_keys=('sample_idx', 'filename'))
feature_pipeline = [
    dict(type='AVInit'),
    dict(type='UniformSampleAVClips', num_clips=10),
    dict(type='AVDecode', with_video=False),
    log_mel,
    pack,
]
model = dict(
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[-40.0], std=[20.0], format_shape='NCHW'
    ),
    cls_head=dict(num_classes=50),
)
train_dataloader = dict(
    batch_size=32,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    dataset=dict(
        _delete_=True,
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='train_fold1.json',
        pipeline=[
            dict(type='AVInit'),
            dict(type='RandomSampleAVClips'),
            dict(type='AVDecode', with_video=False),
            dict(type='AudioAmplify', gain_db=(-6, 6)),
            log_mel,
            dict(type='SpecFrequencyMask', max_width=16, num_masks=1),
            pack,
        ],
    ),
)
test_dataloader = dict(
    batch_size=8,
    dataset=dict(
        _delete_=True,
        type='AudioVisualDataset',
        data_root=data_root,
        ann_file='test_fold1.json',
        test_mode=True,
        pipeline=feature_pipeline,
    ),
)
test_evaluator = dict(_delete_=True, type='AccuracyMetric')
val_cfg = None
val_dataloader = None
val_evaluator = None
optim_wrapper = dict(optimizer=dict(lr=0.02))
default_hooks = dict(
    epoch_seed=dict(type='EpochSeedHook'), unreadable_files=dict(type='UnreadableFilesHook')
)
