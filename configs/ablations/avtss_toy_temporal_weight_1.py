# Ablation: the temporal tasks have the same weight as the contrastive terms.
_base_ = '../demo/avtss_toy.py'

model = dict(
    pretext_heads=dict(
        speed_v=dict(loss_weight=1.0),
        speed_a=dict(loss_weight=1.0),
        direction_v=dict(loss_weight=1.0),
        direction_a=dict(loss_weight=1.0),
        order_vv=dict(loss_weight=1.0),
        order_aa=dict(loss_weight=1.0),
        order_va=dict(loss_weight=1.0),
    )
)
