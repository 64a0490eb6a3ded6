# Broken on purpose: 50 times the learning rate.
# Seen: every contrastive loss lies on chance_nce and every pretext accuracy at chance until the
# rate has come down; feat_std falls to 0.1 or 0.2; k-NN falls below its value before training.
# docs/curves.md
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=0.1))
