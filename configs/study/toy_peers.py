# Peer methods from the same parts, on the toy world:
#   python tools/study.py configs/study/toy_peers.py
data = dict(
    root='data/toy_study',
    toy=dict(num_videos=400, num_test=400, seed=0),
    factors=('motion', 'timbre'),
)
seeds = (0, 1, 2)
budget = dict(epochs=30)
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
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony', 'fingerprint', 'reach')
reach = dict(video=0.25, audio=0.5, joint=0.5)  # k-NN of the monitor
