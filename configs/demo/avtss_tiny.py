# The demo with the smallest networks and a queue for 16 videos. It takes seconds on one core and
# only shows that everything works; its figures mean nothing.
_base_ = './avtss_toy.py'

channels = 32

model = dict(
    backbone=dict(base_channels=4),
    audio_backbone=dict(base_channels=4),
    neck=dict(in_channels=channels),
    audio_neck=dict(in_channels=channels),
    queue=dict(length=8),
    contrastive_head=dict(negative_ranks=(3, 6), neighbor_start_epoch=1),
    pretext_heads=dict(
        speed_v=dict(in_channels=channels),
        speed_a=dict(in_channels=channels),
        direction_v=dict(in_channels=channels),
        direction_a=dict(in_channels=channels),
        order_vv=dict(in_channels=(channels, channels)),
        order_aa=dict(in_channels=(channels, channels)),
        order_va=dict(in_channels=(channels, channels)),
    ),
)
train_dataloader = dict(batch_size=4)
train_cfg = dict(val_interval=2)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1))
