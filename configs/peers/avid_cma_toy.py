# Positives by agreement: Morgado, Vasconcelos, Misra, Audio-Visual Instance Discrimination with
# Cross-Modal Agreement (AVID-CMA), CVPR 2021, arXiv 2004.12943. Videos whose similarity is large in
# both modalities (the smaller of the two counts) are positives; all others may be negatives.
# Differs, besides what avid_toy.py says: there the agreeing videos are positives within a modality
# (clip to clip, sound to sound), beside the cross-modal loss; here they are further positives of
# the cross-modal loss (a clip and an agreeing video's sound). There they join after a whole
# training of AVID; here the first half has the batch's negatives only, the second both.
_base_ = './avid_toy.py'

model = dict(
    contrastive_head=dict(
        type='AgreementContrastiveHead',
        num_positives=1,
        positive_ranks=(1, 3),
        negative_ranks=(4, 160),
    )
)
