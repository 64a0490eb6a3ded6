# Broken on purpose: 50 times the learning rate.
# Seen: contrastive losses lie at chance_nce and every pretext accuracy at chance until the rate
# has come down; feat_std of both stays below 0.4; k-NN falls below its value before training.
# docs/curves.md
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=0.1))
