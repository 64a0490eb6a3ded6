# Ablation: only the cross-modal terms: no v2v, no temporal tasks, no neighbours.
_base_ = '../demo/avtss_toy.py'

model = dict(
    contrastive_head=dict(num_positives=0, num_negatives=0, loss_weight=dict(v2v=0.0)),
    pretext_heads=None,
)
