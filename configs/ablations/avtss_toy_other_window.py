# Ablation: a clip finds the sound of the video's other window, and a sound that window's clip. Two
# windows may lie apart in time: what they share is the video, not the moment.
_base_ = '../demo/avtss_toy.py'

model = dict(contrastive_head=dict(same_window=False))
