# Broken on purpose: a hundredth of the learning rate.
# Symptoms: the contrastive losses fall smoothly to chance_nce and no further, pretext tasks stay at
# chance, feat_std does not change; k-NN accuracy rises once, when batch norm has found its means,
# and then stays the same. See docs/curves.md.
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=2e-5))
