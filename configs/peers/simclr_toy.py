# Contrastive learning of video clips alone: Chen, Kornblith, Norouzi, Hinton, A Simple Framework
# for Contrastive Learning of Visual Representations (SimCLR), ICML 2020, arXiv 2002.05709; of video
# clips: Qian et al., Spatiotemporal Contrastive Video Representation Learning (CVRL), CVPR 2021.
# Differs: the two views are windows of four speeds and both directions, as in all configs here;
# a query's negatives are the other videos' second views, not both views of each.
_base_ = '../demo/avtss_toy.py'

model = dict(
    audio_backbone=None,
    audio_neck=None,
    contrastive_head=dict(num_positives=0, num_negatives=0, loss_weight=dict(v2a=0.0, a2v=0.0)),
    pretext_heads=None,
)
