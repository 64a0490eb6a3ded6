# Ablation: contrastive terms only.
_base_ = '../demo/avtss_toy.py'

model = dict(pretext_heads=None)
