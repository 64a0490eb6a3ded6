# Ablation: order tasks within each modality, but not across modalities.
_base_ = '../demo/avtss_toy.py'

model = dict(pretext_heads=dict(order_va=None))
