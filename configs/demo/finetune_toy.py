# Fine-tune the video network on the toy world:
#   python tools/train.py configs/demo/finetune_toy.py --cfg-options load_from=CKPT
#   python tools/test.py configs/demo/finetune_toy.py work_dirs/finetune_toy/epoch_15.pth
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/r2plus1d_classifier.py',
    '../_base_/datasets/finetune_16x112.py',
    '../_base_/schedules/finetune_100e.py',
]

data_root = 'data/toy'
model = dict(
    backbone=dict(stage_blocks=(1, 1, 1, 1), base_channels=16),
    cls_head=dict(num_classes=16, in_channels=128),
)
feature_pipeline = [
    {{_base_.open_file}},
    dict(type='UniformSampleAVClips', num_clips=4, clip_len=8, video_fps=12.5),
    {{_base_.decode_video}},
    dict(type='Resize', scale=(48, 48), keep_ratio=False),
    {{_base_.to_shape}},
    {{_base_.pack}},
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(
        data_root=data_root,
        ann_file='train.json',
        pipeline=[
            {{_base_.open_file}},
            dict(type='RandomSampleAVClips', clip_len=8, video_fps=12.5),
            {{_base_.decode_video}},
            dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
            dict(type='Resize', scale=(48, 48), keep_ratio=False),
            {{_base_.flip}},
            {{_base_.colour}},
            {{_base_.to_shape}},
            {{_base_.pack}},
        ],
    ),
)
test_dataloader = dict(
    num_workers=1,
    dataset=dict(data_root=data_root, ann_file='test.json', pipeline=feature_pipeline),
)
max_epochs = 15
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', begin=2, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(max_epochs=max_epochs)
auto_scale_lr = dict(base_batch_size=16)
