# In the style of Jenni, Jin, Time-Equivariant Contrastive Video Representation Learning, ICCV 2021,
# arXiv 2112.03624: a contrastive loss among clips, and the order of two clips of a video (before,
# overlapping, after) is told. Of video clips alone, as simclr_toy.py.
# Differs: the equivariance term, which contrasts the relative temporal transformations of pairs of
# clips, is not there; the contrastive loss is that of simclr_toy.py.
_base_ = './simclr_toy.py'

model = dict(
    pretext_heads=dict(
        _delete_=True,
        order_vv=dict(
            type='ClipOrderHead',
            modalities=('video', 'video'),
            in_channels=({{_base_.channels}}, {{_base_.channels}}),
            hidden_channels={{_base_.channels}},
            loss_weight=0.25,  # as all temporal tasks here
        ),
    )
)
