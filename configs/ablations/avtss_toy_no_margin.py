# Ablation: the band of negatives, with unchanged width, starts right behind the positives.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(negative_ranks=(4, 104)))
