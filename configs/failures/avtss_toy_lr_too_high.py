# Broken on purpose: 50 times the learning rate.
# Symptoms: the contrastive losses stay at chance_nce and all pretext accuracies at chance until the
# learning rate has come down; feat_std of both modalities stays below 0.4; k-NN accuracy falls
# below its value before training. See docs/curves.md.
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=0.1))
