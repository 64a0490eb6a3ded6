# Ablation: without the term among video clips.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(contrastive_head=dict(loss_weight=dict(v2v=0.0)))
