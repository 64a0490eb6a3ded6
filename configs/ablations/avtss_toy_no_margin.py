# Ablation: the band of negatives, as wide as ever, begins right behind the positives.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(negative_ranks=(4, 104)))
