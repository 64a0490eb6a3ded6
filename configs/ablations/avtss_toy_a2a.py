# Ablation: with the term among sounds, weighted as the one among clips.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(loss_weight=dict(a2a=1.0)))
