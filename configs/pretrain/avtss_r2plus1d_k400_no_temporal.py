# Ablation: contrastive terms only.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(pretext_heads=None)
