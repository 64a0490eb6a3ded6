# Temporal pretext tasks alone: speed, direction and order in both modalities, no contrastive loss.
# Speed and direction: Jenni, Meishvili, Favaro, Video Representation Learning by Recognizing
# Temporal Transformations, ECCV 2020, arXiv 2007.10730; order: Misra, Zitnick, Hebert, Shuffle and
# Learn: Unsupervised Learning using Temporal Order Verification, ECCV 2016, arXiv 1603.08561.
# Differs: these are the tasks of AVTSS (order of two clips instead of shuffled frames, no warped
# clips), and the sound has them too. There are no projections: what needs them (sound found by
# picture, synchrony) has no figure.
_base_ = '../demo/avtss_toy.py'

model = dict(neck=None, audio_neck=None, contrastive_head=None, queue=None)
