# The smallest study, to see that everything works: minutes on one core. Its results mean nothing.
#   python tools/study.py configs/study/toy_smoke.py
data = dict(
    root='data/toy_smoke',
    toy=dict(num_videos=32, num_test=32, seed=0),
    factors=('motion', 'timbre'),
)
seeds = (0, 1)
budget = dict(epochs=2)
variants = dict(
    avtss='../demo/avtss_tiny.py',
    no_temporal=dict(config='../demo/avtss_tiny.py', options={'model.pretext_heads': None}),
)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony', 'fingerprint', 'reach')
options = {'train_cfg.val_interval': 1}
temporal = dict(draws=2)
fingerprint = dict(num_videos=8, distortions=('crop', 'gamma', 'trim', 'audio_noise', 'pitch'))
reach = dict(video=0.1, audio=0.2)
