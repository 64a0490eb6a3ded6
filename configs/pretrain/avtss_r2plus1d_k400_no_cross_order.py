# Ablation: order tasks within each modality, but not across modalities.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(pretext_heads=dict(order_va=None))
