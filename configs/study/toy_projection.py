# Projections of three layers or of one, with and without temporal tasks, on the world of
# toy_temporal_weight.py. Does what is seen last?
#   python tools/study.py configs/study/toy_projection.py
#   python tools/study.py configs/study/toy_projection.py --only avtss one_layer \
#       --out work_dirs/toy_projection_60 --cfg-options budget.epochs=60 seeds="(0,)"
_base_ = './toy_temporal_weight.py'

_one = {'model.neck.num_layers': 1, 'model.audio_neck.num_layers': 1}
seeds = (0, 1)
variants = dict(
    _delete_=True,
    no_temporal='../ablations/avtss_toy_no_temporal.py',
    no_temporal_one_layer=dict(config='../ablations/avtss_toy_no_temporal.py', options=_one),
    avtss='../demo/avtss_toy.py',
    one_layer=dict(config='../demo/avtss_toy.py', options=_one),
)
