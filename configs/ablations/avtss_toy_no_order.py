# Ablation: without the three order tasks.
_base_ = '../demo/avtss_toy.py'

model = dict(pretext_heads=dict(order_vv=None, order_aa=None, order_va=None))
