# Ablation: negatives only from the batch.
_base_ = './avtss_r2plus1d_k400.py'

model = dict(contrastive_head=dict(num_negatives=0))
