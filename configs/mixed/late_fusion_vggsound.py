# Fine-tune on video and audio: one classifier each, with averaged probabilities.
#   python tools/train.py configs/mixed/late_fusion_vggsound.py --cfg-options load_from=CKPT
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/av_encoder.py',
    '../_base_/datasets/features_av.py',
    '../_base_/schedules/finetune_100e.py',
]

model = dict(
    type='LateFusionRecognizer',
    num_classes=309,
    in_channels=dict(video=512, audio=512),
    neck=None,
    audio_neck=None,
)
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
        data_root={{_base_.data_root}},
        ann_file='train.json',
        pipeline=[
            {{_base_.open_file}},
            dict(type='RandomSampleAVClips', clip_len=16, video_fps=16),
            {{_base_.decode}},
            dict(type='RandomResizedCrop', area_range=(0.3, 1.0)),
            dict(type='Resize', scale=(112, 112), keep_ratio=False),
            dict(type='Flip', flip_ratio=0.5),
            dict(type='AudioAmplify', gain_db=(-6, 6)),
            {{_base_.log_mel}},
            dict(type='SpecFrequencyMask', max_width=16, num_masks=1),
            {{_base_.to_shape}},
            {{_base_.pack}},
        ],
    ),
)
test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='AudioVisualDataset',
        data_root={{_base_.data_root}},
        ann_file='test.json',
        test_mode=True,
        pipeline={{_base_.feature_pipeline}},
    )
)
test_evaluator = dict(_delete_=True, type='AccuracyMetric')
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(classifiers=dict(lr_mult=10.0))))
