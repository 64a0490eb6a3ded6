# Ablation: the target of a video clip is the audio of the video's other window, and vice versa. The
# two windows may be disjoint: they share the video, but not the moment.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(same_window=False))
