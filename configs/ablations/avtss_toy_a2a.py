# Ablation: with an audio-audio term that has the weight of v2v.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(loss_weight=dict(a2a=1.0)))
