# Broken on purpose: a queue ten times as long as the data set of 400 videos, with the ranks of a
# queue of 160. It holds each video ten times, so the ranks of the negatives (20 to 120) cover only
# a dozen videos, the most similar ones: mostly of the query's own class.
# Symptoms: when neighbours are added, chance_nce jumps as it should, but the losses rise towards it
# and feat_std falls in both modalities. k-NN shows nothing within 20 epochs. See docs/curves.md.
_base_ = '../demo/avtss_toy.py'

model = dict(queue=dict(length=4000), contrastive_head=dict(neighbor_start_epoch=10))
