# Cross-modal instance discrimination: Morgado, Vasconcelos, Misra, Audio-Visual Instance
# Discrimination with Cross-Modal Agreement (AVID), CVPR 2021, arXiv 2004.12943. A video clip finds
# its own sound, and a sound its clip, among entries of a memory drawn at random.
# Differs: the memory is a queue of past embeddings, not a moving average for each video of the
# set; the positive comes from the batch, whose other videos are negatives too; softmax (InfoNCE)
# instead of binary NCE; temperature 0.1 as everywhere here. Entries join at half the training: from
# the first epoch on, when networks change too fast for a queue, all embeddings became one point.
_base_ = '../demo/avtss_toy.py'

model = dict(
    contrastive_head=dict(
        num_positives=0,
        num_negatives=128,
        negative_ranks=(1, 160),  # the whole queue
        neighbor_start_epoch=15,
        loss_weight=dict(v2v=0.0),
    ),
    pretext_heads=None,
)
