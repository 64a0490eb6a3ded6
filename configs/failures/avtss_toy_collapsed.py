# Broken on purpose: further positives from the whole queue, 64 to one true target. What is drawn
# tells nothing of the query: the contrastive losses are least where all embeddings are one point.
# Seen: feat_std of the sound falls below 0.1 and stays there; loss_v2a and loss_a2v come to lie on
# chance_nce, loss_v2v above it; top1 stays at chance. The pretext tasks, which read h instead of
# the embedding, go on: it is not the learning rate. docs/curves.md
_base_ = '../demo/avtss_toy.py'

model = dict(
    contrastive_head=dict(
        num_positives=64, positive_ranks=(1, 160), num_negatives=0, neighbor_start_epoch=0
    )
)
