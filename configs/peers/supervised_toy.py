# Supervised: the labels of the toy world on the same encoders and the same clips, a classifier for
# each modality (Tran et al., A Closer Look at Spatiotemporal Convolutions for Action Recognition,
# CVPR 2018, arXiv 1711.11248, is the usual supervised R(2+1)D). What labels give, not a peer.
# Differs from the usual: the clips are played at four speeds and in both directions, as in all
# configs here, though features are taken at speed 1. There are no projections: what needs them
# (sound found by picture, synchrony) has no figure.
_base_ = '../demo/avtss_toy.py'

model = dict(
    _delete_=True,
    type='LateFusionRecognizer',
    num_classes=16,
    in_channels=dict(video={{_base_.channels}}, audio={{_base_.audio_channels}}),
    channels_last=True,
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},
    audio_backbone={{_base_.model.audio_backbone}},
)
