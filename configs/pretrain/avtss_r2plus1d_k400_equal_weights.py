# Every term of the loss weighs 1, as the abstract can be read, which names no weights.
_base_ = './avtss_r2plus1d_k400_temporal_weight_1.py'

model = dict(contrastive_head=dict(loss_weight=dict(v2a=1.0, a2v=1.0)))
