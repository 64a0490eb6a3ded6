# Nearest neighbours as positives: Dwibedi, Aytar, Tompson, Sermanet, Zisserman, With a Little Help
# from My Friends: Nearest-Neighbor Contrastive Learning of Visual Representations (NNCLR),
# ICCV 2021, arXiv 2104.14548. Of video clips alone, as simclr_toy.py. As there, the neighbour takes
# the target's place.
# Differs: it does so from half of the training on; from the start, as there, it halves the accuracy
# at this size (docs/choices.md). The query is compared with its target's neighbour and the other
# targets of the batch; there the neighbour of one view is compared with the other views of the
# batch. No prediction head. A clip of the query's own video is never its neighbour.
_base_ = './simclr_toy.py'

model = dict(
    contrastive_head=dict(
        type='NearestNeighborContrastiveHead',
        num_positives=1,
        positive_ranks=(1, 1),
        neighbor_start_epoch=15,
    )
)
