# Peer methods from the same parts, on the toy world:
#   python tools/study.py configs/study/toy_peers.py
_base_ = '../_base_/studies/toy.py'

variants = dict(
    avtss='../demo/avtss_toy.py',  # first: its networks, with projections, are the random row's
    av_contrastive='../peers/av_contrastive_toy.py',
    avid_cma='../peers/avid_cma_toy.py',
    avid='../peers/avid_toy.py',
    time_equivariant='../peers/time_equivariant_toy.py',
    nnclr='../peers/nnclr_toy.py',
    simclr='../peers/simclr_toy.py',
    temporal='../peers/temporal_toy.py',
    supervised='../peers/supervised_toy.py',
)
