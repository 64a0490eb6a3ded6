# Shared settings of the studies on the toy world. One run takes about six minutes on one core.
data = dict(
    root='data/toy_study',
    toy=dict(num_videos=400, num_test=400, seed=0),
    factors=('motion', 'timbre'),
)
seeds = (0, 1, 2)
budget = dict(epochs=20)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony', 'fingerprint', 'reach')
reach = dict(video=0.25, audio=0.5, joint=0.5)  # k-NN of the monitor
