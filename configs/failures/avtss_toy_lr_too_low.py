# Broken on purpose: a hundredth of the learning rate.
# Seen: contrastive losses fall smoothly to chance_nce and no further, pretext tasks stay at chance,
# feat_std stays where it was; k-NN rises once, as the means of batch norm are found, and stands
# still. docs/curves.md
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=2e-5))
