# Ablation: a queue half as long; the band of negatives shrinks with it.
_base_ = '../demo/avtss_toy.py'

model = dict(queue=dict(length=80), contrastive_head=dict(negative_ranks=(10, 60)))
