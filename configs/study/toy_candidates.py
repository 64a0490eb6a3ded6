# The two changes that gain in toy_small_choices.py, alone and together, with more seeds: should
# they be the default? The projection without temporal tasks, too; and does what it gives last?
#   python tools/study.py configs/study/toy_candidates.py
#   python tools/study.py configs/study/toy_candidates.py --only avtss one_layer \
#       --out work_dirs/toy_candidates_60 --cfg-options budget.epochs=60 seeds="(0,)"
_base_ = './toy_temporal_weight.py'

_one = {'model.neck.num_layers': 1, 'model.audio_neck.num_layers': 1}
_per_frame = {'train_dataloader.dataset.pipeline.4.transforms.0.per_frame': True}
seeds = (0, 1)
variants = dict(
    _delete_=True,
    avtss='../demo/avtss_toy.py',
    one_layer=dict(config='../demo/avtss_toy.py', options=_one),
    colour_per_frame=dict(config='../demo/avtss_toy.py', options=_per_frame),
    both=dict(config='../demo/avtss_toy.py', options={**_one, **_per_frame}),
    no_temporal='../ablations/avtss_toy_no_temporal.py',
    no_temporal_one_layer=dict(config='../ablations/avtss_toy_no_temporal.py', options=_one),
)
