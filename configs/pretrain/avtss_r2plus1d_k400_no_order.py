# Ablation: without the three order tasks.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(pretext_heads=dict(order_vv=None, order_aa=None, order_va=None))
