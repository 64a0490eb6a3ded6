# Ablation: no_neighbors_no_temporal + neighbours as positives.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(num_negatives=0), pretext_heads=None)
