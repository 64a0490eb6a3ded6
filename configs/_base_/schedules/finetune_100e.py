# Our choice: 100 epochs of AdamW; the classifier's learning rate is ten times the network's.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    paramwise_cfg=dict(
        norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys=dict(cls_head=dict(lr_mult=10.0))
    ),
    clip_grad=dict(max_norm=40),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, end=5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=5,
        end=100,
        T_max=95,
        eta_min_ratio=1e-3,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100)
val_cfg = None
auto_scale_lr = dict(enable=False, base_batch_size=64)  # 8 GPUs x 8 videos
