# Ablation: v2v, v2a and a2v within the batch: v2a_only + v2v.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(num_positives=0, num_negatives=0), pretext_heads=None)
