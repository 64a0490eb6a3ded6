# Ablation: the target is the only positive.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(contrastive_head=dict(num_positives=0))
