# Ablation: order within each modality, not across.
_base_ = '../demo/avtss_toy.py'

model = dict(pretext_heads=dict(order_va=None))
