# Ablation: order within each modality, not across.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(pretext_heads=dict(order_va=None))
