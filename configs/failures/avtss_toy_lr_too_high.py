# Broken on purpose: 50 times the learning rate.
# Seen: the total loss shoots up at once (over 100), then every contrastive loss lies on chance_nce
# and every pretext accuracy at chance, all together; feat_std falls to about 0.1.
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=0.1))
