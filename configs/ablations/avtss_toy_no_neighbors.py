# Ablation: the whole method without neighbours, neither as positives nor as negatives.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(num_positives=0, num_negatives=0))
