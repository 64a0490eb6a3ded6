# Ablation: a queue twice as long; the band of negatives grows with it.
_base_ = '../demo/avtss_toy.py'

model = dict(queue=dict(length=320), contrastive_head=dict(negative_ranks=(40, 240)))
