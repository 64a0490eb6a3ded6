# Chunks of 2 s over whole files: one per second in the gallery, two per second in the queries.
_base_ = './av_steps.py'

data_root = 'data/vggsound'

gallery_chunks = dict(type='SlidingAVClips', stride=1.0, clip_len=32, video_fps=16)
query_chunks = dict(type='SlidingAVClips', stride=0.5, clip_len=32, video_fps=16)
resize = dict(type='Resize', scale=(-1, 128))
crop = dict(type='CenterCrop', crop_size=112)
log_mel = dict(type='MelSpectrogram', num_mels=80, num_columns=200)
pack = dict(
    type='PackActionInputs',
    collect_keys=('imgs', 'audios'),
    algorithm_keys=('has_audio',),
    meta_keys=(
        'sample_idx',
        'filename',
        'subset',
        'audio_windows',
        'source',
        'distortion',
        'severity',
        'family',
        'modality_affected',
        'query_start',
        'query_end',
        'speed',
        'offset',
        'descriptors',
    ),
)
steps = [{{_base_.decode}}, resize, crop, log_mel, {{_base_.to_shape}}, pack]
feature_pipeline = [{{_base_.open_file}}, query_chunks, *steps]
gallery_pipeline = [{{_base_.open_file}}, gallery_chunks, *steps]
test_dataloader = dict(
    batch_size=1,  # files have different numbers of chunks
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    collate_fn=dict(type='stack_inputs'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='GalleryQueryDataset',
        data_root=data_root,
        pipeline=feature_pipeline,
        gallery=dict(ann_file='test.json', pipeline=gallery_pipeline),
        query=dict(ann_file='fingerprint/queries.json', data_prefix=dict(video='fingerprint')),
    ),
)
test_evaluator = dict(
    type='FingerprintMetric',
    weights=dict(v=1.0, a=1.0),
    held_out=0.2,  # copies of these sources are the negative queries
    out_dir='work_dirs/fingerprint/features',
)
test_cfg = dict(type='TestLoop')
