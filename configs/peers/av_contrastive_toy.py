# Audio-visual contrastive learning without temporal tasks: the contrastive half of AVTSS (Jenni,
# Black, Collomosse, Audio-Visual Contrastive Learning with Temporal Self-Supervision, AAAI 2023,
# arXiv 2302.07702), neighbour terms included.
# Differs from the paper: in what docs/choices.md says of the method itself; no temporal half.
_base_ = '../ablations/avtss_toy_no_temporal.py'
