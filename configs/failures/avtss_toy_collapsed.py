# Broken on purpose: further positives from the whole queue, 64 for each true target. They say
# nothing about the query, so the contrastive losses are lowest if all embeddings are equal.
# Symptoms: feat_std of the audio falls below 0.1 and stays there; loss_v2a and loss_a2v reach
# chance_nce, loss_v2v stays above it; top1 stays at chance. The pretext tasks, which use h instead
# of the embedding, keep improving, so it is not the learning rate. See docs/curves.md.
_base_ = '../demo/avtss_toy.py'

model = dict(
    contrastive_head=dict(
        num_positives=64, positive_ranks=(1, 160), num_negatives=0, neighbor_start_epoch=0
    )
)
