# Broken on purpose: a hundredth of the learning rate.
# Seen: all curves move in the right direction without noise, and are nowhere near a plateau at the
# end; k-NN stays at that of the initial weights. Tell it from a hard task by its smoothness.
_base_ = '../demo/avtss_toy.py'

optim_wrapper = dict(optimizer=dict(lr=2e-5))
