# Broken on purpose: a queue of ten times the 400 videos, with the ranks of a queue of 160. Each
# video is in it ten times, so the ranks of negatives (20 to 120) are those of a dozen videos, the
# most similar ones: mostly of the query's own class.
# Seen: from the epoch in which neighbours join, chance_nce jumps as it should, but the losses climb
# towards it, and feat_std falls in both modalities. k-NN shows nothing in 20 epochs. docs/curves.md
_base_ = '../demo/avtss_toy.py'

model = dict(queue=dict(length=4000), contrastive_head=dict(neighbor_start_epoch=10))
