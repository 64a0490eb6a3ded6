# The smallest study, to see that all works: minutes on one core. What it shows means nothing.
#   python tools/study.py configs/study/toy_smoke.py
data = dict(
    root='data/toy_smoke',
    toy=dict(num_videos=32, num_test=32, seed=0),
    factors=('motion', 'timbre'),
)
seeds = (0, 1)
budget = dict(epochs=2)
variants = dict(
    avtss='../demo/avtss_toy.py',
    no_temporal=dict(config='../demo/avtss_toy.py', options={'model.pretext_heads': None}),
)
measures = ('knn', 'linear', 'retrieval', 'temporal', 'synchrony', 'fingerprint', 'reach')
options = {  # of all variants: networks that train in seconds
    'model.backbone.base_channels': 4,
    'model.audio_backbone.base_channels': 4,
    'model.neck.in_channels': 32,
    'model.audio_neck.in_channels': 32,
    **{f'model.pretext_heads.{task}_v.in_channels': 32 for task in ('speed', 'direction')},
    **{f'model.pretext_heads.{task}_a.in_channels': 32 for task in ('speed', 'direction')},
    **{f'model.pretext_heads.order_{pair}.in_channels': (32, 32) for pair in ('vv', 'aa', 'va')},
    'train_cfg.val_interval': 1,
}
temporal = dict(draws=2)
fingerprint = dict(num_videos=8, distortions=('crop', 'gamma', 'trim', 'audio_noise', 'pitch'))
reach = dict(video=0.1, audio=0.2)
